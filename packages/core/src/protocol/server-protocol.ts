import type { Caps, Fields, RequestHead } from "@millrace/exchange";
import type { RpcError } from "../error.ts";
import type { Method } from "../method.ts";
import type { Format } from "./format.ts";
import type { Framing } from "./framing.ts";
import type { Protocol } from "./protocol-name.ts";

/** A request's head, and what a protocol needs beside it. */
export interface IncomingRequest {
  readonly head: RequestHead;
  readonly caps: Caps;
  /** Lower case, without parameters. */
  readonly mediaType: string;
  /** Undefined: the service has no such method, and the answer will be an error. */
  readonly method: Method | undefined;
  readonly requireConnectProtocolHeader: boolean;
}

/** An answer that no protocol shapes: a bare HTTP status. */
export interface HttpRefusal {
  readonly status: number;
  readonly fields: Fields;
  /** One line for whoever tries by hand. */
  readonly text: string;
}

/** A whole response. */
export interface WholeReply {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array | null;
  readonly trailers: Fields | null;
}

/** An error as far as its protocol carries it. */
export interface CutError {
  readonly error: RpcError;
  readonly trailers: Fields;
  /** What does not travel, in words. */
  readonly left: string;
}

/** A request's head, read: how its body is to be read, and how the answer is written. */
export interface WireCall {
  readonly protocol: Protocol;
  readonly format: Format;
  readonly framing: Framing;
  /** Bodies are base64 text in both directions (`grpc-web-text`). */
  readonly text: boolean;
  /** The compression of the request; null for none. */
  readonly encoding: string | null;
  /** The field that lists what may be sent, for the answer to an unknown `encoding`. */
  readonly acceptEncodingName: string;
  /** The compressions that the client accepts, best first. Read out of the head each time: no call keeps the list. */
  acceptEncodings(): readonly string[];
  /** Milliseconds; Infinity without a deadline. */
  readonly timeoutMs: number;
  /** A request that came in the URL (Connect GET); null if it comes in the body. */
  readonly message: Uint8Array | null;
  /** What answers a body where there may be none (Connect GET); null: it is the request. */
  readonly bodyRefusal: HttpRefusal | null;
  /** Why the call cannot be served; it is answered with this. */
  readonly refusal: RpcError | null;
  /**
   * The head of a response that carries messages. `encoding`: what they may be compressed with. `trailers`: complete for
   * framing `body`, where they travel in the head; else not looked at.
   */
  respond(
    headers: Fields,
    encoding: string | null,
    trailers: Fields,
  ): { readonly status: number; readonly fields: Fields };
  /** What is left of an error that is too large for the protocol to carry it, to be sent in its place; null: it is not. */
  cut(error: RpcError, trailers: Fields): CutError | null;
  /** What ends a response that carries messages: a last frame, trailers, or neither. */
  end(
    error: RpcError | null,
    trailers: Fields,
  ): { readonly frame: Uint8Array | null; readonly trailers: Fields | null };
  /** The whole answer of a call that failed before its head left. */
  fail(error: RpcError, headers: Fields, trailers: Fields): WholeReply;
}

/** One protocol, seen from a server. Pure. */
export interface ServerProtocol {
  readonly name: Protocol;
  /** The HTTP methods that a method is called with. */
  verbs(method: Method): readonly string[];
  /** The content types that a method is called with. */
  mediaTypes(method: Method): readonly string[];
  /** Null: the request is not in this protocol. */
  accept(request: IncomingRequest): WireCall | HttpRefusal | null;
}
