import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";
import type { BidiCall } from "../streams.ts";
import type { RequestStreamCall } from "./open-requests.ts";
import { ReplyStreamFacade } from "./reply-stream.ts";
import type { RequestTarget } from "./request-target.ts";

/** A bidi call in a user's hands. */
export class BidiFacade<I extends Message, O> extends ReplyStreamFacade<O> implements BidiCall<I, O> {
  readonly #requests: RequestTarget<I>;

  constructor(call: RequestStreamCall<I, O>) {
    super(call);
    this.#requests = call.requests;
  }

  send(message: Init<I>): Promise<boolean> {
    return this.#requests.send(message, this);
  }

  closeSend(): void {
    this.#requests.endRequests();
  }
}
