import type { Socket } from "node:net";
import type { Fault, Fields } from "@millrace/exchange";
import { greeting } from "@millrace/http2";
import { endpoint, looksLikeTls, reasonOf } from "./connect-failure.ts";
import type { Target } from "./dial.ts";
import { http1HeaderSize } from "./http1-limits.ts";

/** Where an HTTP/1.1 exchange was when it failed. */
export interface Http1Failure {
  readonly target: Target;
  readonly error: Error;
  /** What the error is, as whoever parses the response tells it. */
  readonly what: "too large" | "cut" | "malformed" | "lost";
  readonly socket: Socket | undefined;
  /** The start of what could not be parsed, where it is known. */
  readonly rest: Uint8Array | undefined;
  /** The response's head had come. */
  readonly answered: boolean;
}

/** The fault of an exchange whose request was sent, in whole or in part. */
export function http1Fault({ target, error, what, socket, rest, answered }: Http1Failure): Fault {
  const where = endpoint(target.url);
  const fault = { h2: -1, processed: "maybe", cause: error } as const;
  switch (what) {
    case "too large":
      return {
        ...fault,
        by: "local",
        kind: "limit",
        text: `${where} sent a response head of more than ${http1HeaderSize} bytes, the most that is read`,
      };
    case "malformed":
      return { ...fault, by: "local", kind: "protocol", text: `${where} ${misspoken(target, error, rest)}` };
    case "cut": {
      if (!answered)
        return {
          ...fault,
          by: "transport",
          kind: "lost",
          text: lostText(target, socket, "the peer closed it"),
        };
      const text = `${where} closed the connection before the response was complete`;
      return { ...fault, by: "transport", kind: "truncated", text };
    }
    case "lost":
      return { ...fault, by: "transport", kind: "lost", text: lostText(target, socket, reasonOf(error)) };
  }
}

function lostText(target: Target, socket: Socket | undefined, reason: string): string {
  const silent = socket?.bytesRead === 0 && target.url.scheme === "http";
  const hint = silent ? ", without an answer: if the server expects TLS, write https:// in the base URL" : "";
  return `the connection to ${endpoint(target.url)} was lost: ${reason}${hint}`;
}

/** What llhttp, the parser of both clients, says of what does not begin with `HTTP/`. */
const noStatusLine = /Expected HTTP\//;

/** What a peer speaks that does not speak HTTP/1.1. */
function misspoken(target: Target, error: Error, rest: Uint8Array | undefined): string {
  if (rest !== undefined && target.url.scheme === "http" && looksLikeTls(rest)) {
    return "speaks TLS: the base URL says http, the server answers in TLS (use https)";
  }
  // RFC 9113 section 3.4: the server's first frame is SETTINGS, of type 4.
  if (rest !== undefined && rest[0] === 0 && rest[3] === 4) {
    return 'speaks HTTP/2 only, and the request was HTTP/1.1: set httpVersion: "2"';
  }
  if (rest !== undefined && noStatusLine.test(error.message)) {
    const { scheme, authority, prefix } = target.url;
    return `does not speak HTTP/1.1: it sent ${greeting(rest)}, which begins no response; check the host and the port of the base URL, ${scheme}://${authority}${prefix}`;
  }
  return `does not speak HTTP/1.1: ${error.message}`;
}

/** A response whose body is ended by the connection's end (RFC 9112 section 6.3, case 8). */
export function endsWithConnection(status: number, fields: Fields): boolean {
  if (status === 204 || status === 304) return false;
  return !fields.some(
    (name, i) => i % 2 === 0 && (name === "content-length" || name === "transfer-encoding"),
  );
}
