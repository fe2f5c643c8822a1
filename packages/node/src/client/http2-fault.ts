import type { Fault } from "@millrace/exchange";
import { type Goaway, goawayText } from "@millrace/http2";
import { connectFault, distrusts, endpoint, reasonOf, withoutHttp2 } from "./connect-failure.ts";
import type { Target } from "./dial.ts";

/** How a connection ended that had carried no stream. */
export interface Http2UnusedEnd {
  /** What the peer said last (RFC 9113 section 6.8), if it did. */
  readonly goaway: Goaway | undefined;
  /** Its SETTINGS had not come. */
  readonly isSilent: boolean;
  /** What it did wrong. */
  readonly problem: string | undefined;
  /** What the transport says. */
  readonly cause: unknown;
}

/** Of a reset that a read or a write met: as a full listen queue's, which says nothing of what the server speaks. */
const resets: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);

/** The fault of those that waited for a connection which ended before it carried a stream. */
export function http2UnusedFault(
  { url, tls, needsHttp2 }: Target,
  { goaway, isSilent, problem, cause }: Http2UnusedEnd,
): Fault {
  const where = endpoint(url);
  if (goaway !== undefined) {
    const text = `${where} closed the connection with ${goawayText(goaway)}`;
    return { by: "peer", kind: "goaway", h2: goaway.code, processed: "never", text, cause };
  }
  const reason = problem ?? (cause === undefined ? "it closed the connection" : reasonOf(cause));
  if (!isSilent)
    return connectFault(`${where} closed the connection before it took a request: ${reason}`, cause);
  if (tls !== undefined) {
    // That it speaks HTTP/2 it has said by ALPN.
    const hint = tls.certified ? ` (it may ${distrusts})` : "";
    return connectFault(`cannot connect to ${where} after the TLS handshake: ${reason}${hint}`, cause);
  }
  if (problem === undefined && resets.has(reason)) {
    const text = `the connection to ${where} was reset before the server had said anything (${reason}): it may be overloaded or going down; if it does so always, check whether it expects TLS (https:// in the base URL), and the port`;
    return connectFault(text, cause);
  }
  const fix = `${withoutHttp2(needsHttp2)}; write https:// in the base URL if the server expects TLS; or check the port`;
  return connectFault(`${where} does not speak HTTP/2: ${reason}; ${fix}`, cause);
}

/** The same where `count` connections in a row have ended so, this one the last. */
export function unusedInRowFault(fault: Fault, count: number): Fault {
  return {
    ...fault,
    text: `${fault.text} (${count} connections in a row have ended before they carried a request)`,
  };
}
