import type { Fields } from "@millrace/exchange";
import type { RpcError } from "../error.ts";
import type { Method } from "../method.ts";
import type { Format } from "./format.ts";
import type { Framing } from "./framing.ts";
import type { Protocol } from "./protocol-name.ts";

/** What a protocol needs to know of a call to write its request. */
export interface RequestFacts {
  readonly method: Method;
  readonly httpMethod: "GET" | "POST";
  readonly format: Format;
  /** The user's headers. */
  readonly metadata: Fields;
  /** Milliseconds left; Infinity without a deadline. */
  readonly timeoutMs: number;
  /** What messages may be compressed with (`envelope`), or this one is (`body`); null for none. */
  readonly sendEncoding: string | null;
  /** The compressions that may be received, best first. */
  readonly acceptEncodings: readonly string[];
}

/** How a call ended, as the wire tells it. */
export interface Outcome {
  readonly error: RpcError | null;
  readonly trailers: Fields;
}

/** The head of a response, read: what its body is, and how the outcome is found. */
export interface WireResponse {
  /** What the head alone decides: nothing more has to be read. */
  readonly failure: RpcError | null;
  /** Whether the head turns out to be the trailers, and no headers at all, if no body follows. */
  readonly trailersOnly: boolean;
  readonly framing: Framing;
  /** The compression of the body (`body`) or of messages that say so (`envelope`); null for none. */
  readonly encoding: string | null;
  /** Whether the body is messages, or one error (Connect unary). */
  readonly content: "messages" | "error";
  /** The envelope flag of what ends the stream; 0 if nothing in the body does. */
  readonly endFlag: number;
  /** The outcome told by the envelope that carries `endFlag`, or by an error body. */
  readEnd(payload: Uint8Array): Outcome;
  /** The outcome of a body that ended without that. `empty`: the body had no byte. */
  finish(trailers: Fields | null, empty: boolean): Outcome;
}

/** How a protocol carries a call as a GET: the request is in the URL, which caches know it by. */
export interface GetForm {
  /** Whether a method may be called so. */
  allows(method: Method): boolean;
  /** The query that carries a message. `compression`: what its bytes are compressed with; null for nothing. */
  query(format: Format, message: Uint8Array, compression: string | null): string;
  /** The request's fields. */
  request(facts: RequestFacts): string[];
}

/** One protocol, seen from a client. Pure: fields and bytes in, fields and outcomes out. */
export interface ClientProtocol {
  readonly name: Protocol;
  /** Whether it exists over HTTP/2 alone. */
  readonly needsHttp2: boolean;
  /** Whether the request of this kind of call travels in envelopes or is the message alone. */
  framing(method: Method): Framing;
  /** The request's fields. */
  request(facts: RequestFacts): string[];
  /** Null: every call is a POST. */
  readonly get: GetForm | null;
  response(facts: RequestFacts, status: number, fields: Fields): WireResponse;
}
