/// <reference lib="esnext.disposable" />
import { cancellation, RpcError } from "../../error.ts";
import type { Metadata } from "../../metadata.ts";
import type { CallHead } from "../call-head.ts";
import type { StreamCall } from "../streams.ts";
import type { ReplySource } from "./reply-source.ts";

/** What is done when a user's object is reclaimed while its call runs. It must not point at the object. */
interface Abandonable {
  readonly source: ReplySource<unknown>;
  readonly head: CallHead;
  readonly onAbandoned: ((call: CallHead) => void) | undefined;
}

const registry: FinalizationRegistry<Abandonable> = /*@__PURE__*/ new FinalizationRegistry<Abandonable>(
  ({ source, head, onAbandoned }) => {
    source.cancel(new RpcError("canceled", "the stream was dropped without being read to its end"));
    onAbandoned?.(head);
  },
);

/** What all streaming calls have in a user's hands. Nothing below points at it, so that its loss can be seen. */
export abstract class StreamFacade<O> implements StreamCall {
  protected readonly source: ReplySource<O>;

  constructor(source: ReplySource<O>, head: CallHead, onAbandoned: ((call: CallHead) => void) | undefined) {
    this.source = source;
    registry.register(this, { source, head, onAbandoned }, source);
  }

  get headers(): Promise<Metadata> {
    return this.source.headers(this);
  }

  cancel(reason?: unknown): void {
    this.forget();
    this.source.cancel(cancellation(reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** The call has ended, or somebody else answers for it: its loss means nothing any more. */
  protected forget(): void {
    registry.unregister(this.source);
  }
}
