/** What a client's handshake came to, in one line: node's message is OpenSSL's, with places in its sources and a line break. */
export function tlsProblem(error: Error & { readonly reason?: string; readonly code?: string }): string {
  const { code = "", message, reason = message } = error;
  const text = `TLS: ${reason.replace(/\s+/g, " ").trim()}`;
  const hint = hints.find(([pattern]) => pattern.test(code))?.[1];
  return hint === undefined ? text : `${text} (${hint})`;
}

/** The same of one that has left without a word of why. */
export const leftInHandshake =
  "TLS: the client left before the end of the handshake: it may not trust the certificate";

/** Node's codes, and what they mean here. */
const hints: readonly (readonly [code: RegExp, hint: string])[] = [
  [
    /ALERT_(UNKNOWN_CA|(BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN))$/,
    "the client does not trust the certificate",
  ],
  [/^ERR_SSL_(HTTP_REQUEST|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, "the client does not speak TLS"],
];
