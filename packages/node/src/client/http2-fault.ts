import { ErrorCode, type Fault } from "@millrace/exchange";
import { connectFault, distrusts, endpoint, reasonOf } from "./connect-failure.ts";
import type { Target } from "./dial.ts";
import { errorCodeName } from "./error-code-name.ts";

/** What the peer said last, in GOAWAY (RFC 9113 section 6.8). */
export interface Goaway {
  readonly code: number;
  readonly lastStreamId: number;
  readonly debug: Uint8Array | undefined;
}

/** How a stream ended that did not end well. */
export interface Http2StreamEnd {
  readonly id: number;
  readonly code: number;
  /** The response's head had come. */
  readonly answered: boolean;
  readonly cause: unknown;
}

/** The fault of a stream; `broken`: its connection has ended too. */
export function http2StreamFault(
  { id, code, answered, cause }: Http2StreamEnd,
  { url }: Target,
  goaway: Goaway | undefined,
  broken: boolean,
): Fault {
  const where = endpoint(url);
  const refused = code === ErrorCode.REFUSED_STREAM || (goaway !== undefined && id > goaway.lastStreamId);
  // The peer says that it was not processed; if it answered all the same, nobody can know.
  const processed = refused && !answered ? "never" : "maybe";
  if (goaway !== undefined && (broken || refused)) {
    const text = `${where} ${leaveText(goaway, refused)}`;
    return { by: "peer", kind: "goaway", h2: goaway.code, processed, text, cause };
  }
  if (broken) return brokenFault(where, cause);
  return {
    by: "peer",
    kind: "reset",
    h2: code,
    processed,
    text: `${where} reset the stream with ${errorCodeName(code)}`,
    cause,
  };
}

/** The fault of those that waited for a connection which ended before it carried a stream; `silent`: without SETTINGS. */
export function http2UnusedFault(
  { url, tls }: Target,
  goaway: Goaway | undefined,
  silent: boolean,
  cause: unknown,
): Fault {
  const where = endpoint(url);
  if (goaway !== undefined) {
    return connectFault(`${where} closed the connection with ${goawayText(goaway)}`, cause);
  }
  if (!silent) return connectFault(`${where} closed the connection before it took a request`, cause);
  const reason = cause === undefined ? "it closed the connection" : reasonOf(cause);
  if (tls !== undefined) {
    // That it speaks HTTP/2 it has said by ALPN.
    const hint = tls.certified ? ` (it may ${distrusts})` : "";
    return connectFault(`cannot connect to ${where} after the TLS handshake: ${reason}${hint}`, cause);
  }
  const fix = 'try httpVersion: "1.1", or https:// in the base URL if the server expects TLS';
  return connectFault(`${where} does not speak HTTP/2: ${reason}; ${fix}`, cause);
}

function brokenFault(where: string, cause: unknown): Fault {
  if (cause instanceof Error && "code" in cause && cause.code === "ERR_HTTP2_ERROR") {
    const text = `${where} broke the rules of HTTP/2: ${cause.message}`;
    return { by: "local", kind: "protocol", h2: ErrorCode.PROTOCOL_ERROR, processed: "maybe", text, cause };
  }
  const reason = cause === undefined ? "the peer closed it" : reasonOf(cause);
  const text = `the connection to ${where} was lost: ${reason}`;
  return { by: "transport", kind: "lost", h2: -1, processed: "maybe", text, cause };
}

/** What a GOAWAY did to a call. */
function leaveText(goaway: Goaway, refused: boolean): string {
  if (goaway.code !== ErrorCode.NO_ERROR) return `closed the connection with ${goawayText(goaway)}`;
  return `is shutting down, and ${refused ? "took no more calls" : "cut this call"} (${goawayText(goaway)})`;
}

function goawayText({ code, debug }: Goaway): string {
  const said = debug === undefined ? "" : printable(debug);
  return `GOAWAY ${errorCodeName(code)}${said === "" ? "" : ` (${said})`}`;
}

/** What a peer says of itself, fit for a line of text. */
function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 200))
    .toString("latin1")
    .replace(/[^\x20-\x7e]/g, "?");
}
