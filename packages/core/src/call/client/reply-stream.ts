import type { Metadata } from "../../metadata.ts";
import type { ReplyStream } from "../streams.ts";
import { StreamFacade } from "./stream-facade.ts";

/** A stream of responses in a user's hands. */
export class ReplyStreamFacade<O> extends StreamFacade<O> implements ReplyStream<O> {
  /** See call/relay.ts. */
  get "~relay"(): "stream" {
    return "stream";
  }

  get trailers(): Promise<Metadata> {
    return this.replies.trailers(this);
  }

  receive(): Promise<O | undefined> {
    return this.replies.receive(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<O, undefined> {
    let left = false;
    return {
      next: async (): Promise<IteratorResult<O, undefined>> => {
        const value = left ? undefined : await this.receive();
        if (value !== undefined) return { done: false, value };
        left = true;
        return { done: true, value: undefined };
      },
      return: async (): Promise<IteratorResult<O, undefined>> => {
        if (!left) this.cancel();
        left = true;
        return { done: true, value: undefined };
      },
    };
  }
}
