import type { Message } from "@bufbuild/protobuf";
import { RpcError } from "../../error.ts";
import type { Init } from "../../init.ts";
import type { ClientStreamCall, ReplyPromise } from "../streams.ts";
import type { RequestStreamCall } from "./open-requests.ts";
import type { ReplySource } from "./reply-source.ts";
import type { RequestTarget } from "./request-target.ts";
import { StreamFacade } from "./stream-facade.ts";
import { UnaryReply } from "./unary-reply.ts";

/** A client stream in a user's hands. */
export class ClientStreamFacade<I extends Message, O>
  extends StreamFacade<O>
  implements ClientStreamCall<I, O>
{
  readonly #requests: RequestTarget<I>;
  #reply: ReplyPromise<O> | undefined;

  constructor(call: RequestStreamCall<I, O>) {
    super(call);
    this.#requests = call.requests;
  }

  send(message: Init<I>): Promise<boolean> {
    return this.#requests.send(message, this);
  }

  finish(): ReplyPromise<O> {
    if (this.#reply === undefined) {
      this.#requests.endRequests();
      this.forget();
      this.#reply = singleReply(this.replies);
    }
    return this.#reply;
  }
}

/** The one response of a source, with its metadata. */
export function singleReply<O>(source: ReplySource<O>): ReplyPromise<O> {
  const { reply, settler } = UnaryReply.pending<O>();
  const read = async (): Promise<void> => {
    try {
      const response = await source.receive(undefined);
      if (response === undefined) throw new RpcError("unimplemented", "the call ended without a response");
      // The response counts once the status behind it is known.
      await source.receive(undefined);
      const headers = await source.headers(undefined);
      const trailers = await source.trailers(undefined);
      settler.resolve(response, () => ({ headers, trailers }));
    } catch (error) {
      settler.reject(RpcError.from(error));
    }
  };
  void read();
  return reply;
}
