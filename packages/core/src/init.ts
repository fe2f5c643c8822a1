import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";

/** A complete message, or the plain object that create() takes for it: accepted wherever a message leaves us. */
export type Init<T extends Message> = MessageInitShape<GenMessage<T>>;

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Messages to send: an array, a generator, a stream, another call's replies. */
export type Messages<T extends Message> = AsyncIterable<Init<T>> | Iterable<Init<T>>;
