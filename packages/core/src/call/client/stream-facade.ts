/// <reference lib="esnext.disposable" />
import { cancellation, RpcError } from "../../error.ts";
import type { Metadata } from "../../metadata.ts";
import type { StreamCall } from "../streams.ts";
import type { ClientHead } from "./client-head.ts";
import type { ClientSettings } from "./client-settings.ts";
import type { ReplySource } from "./reply-source.ts";

/** A streaming call on its way into a user's hands. It must not point at the object that the user gets. */
export interface StartedCall<O> {
  readonly replies: ReplySource<O>;
  readonly head: ClientHead;
  readonly settings: ClientSettings;
}

/** Cancels the call of a user's object that is reclaimed while it runs. */
const registry = /*@__PURE__*/ new FinalizationRegistry<StartedCall<unknown>>(
  ({ replies, head, settings }) => {
    if (replies.ended) return;
    replies.cancel(new RpcError("canceled", "the stream was dropped without being read to its end"));
    settings.abandoned(head);
  },
);

/** What all streaming calls have in a user's hands. Nothing below points at it, so that its loss can be seen. */
export abstract class StreamFacade<O> implements StreamCall {
  protected readonly replies: ReplySource<O>;

  constructor(call: StartedCall<O>) {
    const { replies } = call;
    this.replies = replies;
    // What has ended must not stay registered: the stack of an error that it ended with may lead back to this object.
    if (replies.ended) return;
    registry.register(this, call, replies);
    replies.onEnded(() => void registry.unregister(replies));
  }

  get headers(): Promise<Metadata> {
    return this.replies.headers(this);
  }

  cancel(reason?: unknown): void {
    if (!this.replies.ended) this.replies.cancel(cancellation(reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** Somebody else answers for the call: its loss means nothing any more. */
  protected forget(): void {
    registry.unregister(this.replies);
  }
}
