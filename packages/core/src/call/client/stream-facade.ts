/// <reference lib="esnext.disposable" />
import { cancellation, RpcError } from "../../error.ts";
import type { Metadata } from "../../metadata.ts";
import type { StreamCall } from "../streams.ts";
import type { ClientHead } from "./client-head.ts";
import type { ClientSettings } from "./client-settings.ts";
import type { ReplySource } from "./reply-source.ts";

/** What is done when a user's object is reclaimed while its call runs. It must not point at the object. */
interface Abandonable {
  readonly source: ReplySource<unknown>;
  readonly head: ClientHead;
  readonly settings: ClientSettings;
}

const registry: FinalizationRegistry<Abandonable> = /*@__PURE__*/ new FinalizationRegistry<Abandonable>(
  ({ source, head, settings }) => {
    if (source.ended) return;
    source.cancel(new RpcError("canceled", "the stream was dropped without being read to its end"));
    settings.abandoned(head);
  },
);

/** What all streaming calls have in a user's hands. Nothing below points at it, so that its loss can be seen. */
export abstract class StreamFacade<O> implements StreamCall {
  protected readonly source: ReplySource<O>;

  constructor(source: ReplySource<O>, head: ClientHead, settings: ClientSettings) {
    this.source = source;
    registry.register(this, { source, head, settings }, source);
  }

  get headers(): Promise<Metadata> {
    return this.source.headers(this);
  }

  cancel(reason?: unknown): void {
    this.forget();
    if (!this.source.ended) this.source.cancel(cancellation(reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** The call has ended, or somebody else answers for it: its loss means nothing any more. */
  protected forget(): void {
    registry.unregister(this.source);
  }
}
