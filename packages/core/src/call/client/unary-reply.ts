import type { Fields } from "@millrace/exchange";
import type { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Metadata } from "../../metadata.ts";
import { rejected } from "../rejected.ts";
import type { Reply, ReplyPromise } from "../streams.ts";
import type { ReplyConsumer } from "./client-call.ts";

/** How a {@link UnaryReply} is settled from outside. */
export interface ReplySettler<O> {
  resolve(response: O, metadata: () => { headers: Metadata; trailers: Metadata }): void;
  reject(error: RpcError): void;
}

/** The promise of a call's one response. Headers and trailers are read only if somebody asks. */
export class UnaryReply<O> extends Promise<O> implements ReplyPromise<O> {
  /** See call/relay.ts. */
  get "~relay"(): "reply" {
    return "reply";
  }

  #metadata: (() => { headers: Metadata; trailers: Metadata }) | undefined;

  static pending<O>(): { readonly reply: UnaryReply<O>; readonly settler: ReplySettler<O> } {
    let resolve!: (response: O | Promise<never>) => void;
    const reply = new UnaryReply<O>((settle) => {
      resolve = settle;
    });
    const settler: ReplySettler<O> = {
      resolve(response, metadata) {
        reply.#metadata = metadata;
        resolve(response);
      },
      reject: (error) => resolve(rejected(error)),
    };
    return { reply, settler };
  }

  async withMetadata(): Promise<Reply<O>> {
    const response = await this;
    return { response, ...this.#metadata!() };
  }
}

// Derived promises (then, catch, finally) are plain ones: a subclass that constructs itself again costs twice as much.
void Object.defineProperty(UnaryReply.prototype, "constructor", { value: Promise });

/** Takes the one response of a call on the wire. */
export class UnaryConsumer<O> implements ReplyConsumer<O> {
  readonly #settler: ReplySettler<O>;
  #headers: Fields = [];
  #response: O | undefined;

  constructor(settler: ReplySettler<O>) {
    this.#settler = settler;
  }

  onHeaders(fields: Fields): void {
    this.#headers = fields;
  }

  onMessage(message: O): void {
    this.#response = message;
  }

  onEnd(error: RpcError | null, trailers: Fields): void {
    if (error !== null) {
      this.#settler.reject(error);
      return;
    }
    const headers = this.#headers;
    this.#settler.resolve(this.#response!, () => ({
      headers: FieldMetadata.received(headers),
      trailers: FieldMetadata.received(trailers),
    }));
  }
}
