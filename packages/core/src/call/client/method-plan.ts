import type { Message } from "@bufbuild/protobuf";
import type { Codec, Method } from "../../method.ts";
import type { MessageEncoder } from "../message-encoder.ts";

/** What a transport works out once for a method. */
export interface MethodPlan<I extends Message = Message, O extends Message = Message> {
  readonly method: Method;
  /** The codec of requests, in the transport's format. */
  readonly input: Codec<I>;
  readonly output: Codec<O>;
  readonly encoder: MessageEncoder<I>;
  readonly path: string;
  /** Why the transport cannot call the method; undefined if it can. */
  readonly failure: string | undefined;
}
