/** An error of node's TLS. */
type TlsError = Error & { readonly reason?: string; readonly code?: string };

/** What a client's handshake came to, in one line: node's message is OpenSSL's, with places in its sources and a line break. */
export function tlsProblem(error: TlsError): string {
  const hint = hints.find(([pattern]) => pattern.test(error.code ?? ""))?.[1];
  return hint === undefined ? textOf(error) : `${textOf(error)} (${hint})`;
}

/** Why there is no connection to a server: of what is OpenSSL's error an own one, in one line; else what node says. */
export function connectFailure(host: string, error: TlsError): Error {
  const { code = "" } = error;
  if (!code.startsWith("ERR_SSL_")) return error;
  if (code.endsWith("ALERT_NO_APPLICATION_PROTOCOL")) return noAgreement(host, error);
  const hint = notTls.test(code) ? " (the server may speak no TLS there: http:)" : "";
  return new Error(`cannot connect to ${host}: ${textOf(error)}${hint}`, { cause: error });
}

/** The server speaks TLS, and not h2 over it. */
export function noAgreement(host: string, cause?: Error): Error {
  return new Error(`${host} does not agree on h2 by ALPN`, { cause });
}

function textOf({ message, reason = message }: TlsError): string {
  return `TLS: ${reason.replace(/\s+/g, " ").trim()}`;
}

/** The same of one that has left without a word of why. */
export const leftInHandshake =
  "TLS: the client left before the end of the handshake: it may not trust the certificate";

/** What came is no TLS. */
const notTls = /^ERR_SSL_(HTTP_REQUEST|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/;

/** Node's codes, and what they mean here. */
const hints: readonly (readonly [code: RegExp, hint: string])[] = [
  [
    /ALERT_(UNKNOWN_CA|(BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN))$/,
    "the client does not trust the certificate",
  ],
  [notTls, "the client does not speak TLS"],
];
