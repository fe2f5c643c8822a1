import type { Fault } from "@millrace/exchange";
import { hostPort } from "../socket/host-port.ts";

/** What a socket asked of TLS, for the text of a failure. */
export interface Wanted {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly alpn: readonly string[];
  /** This client shows a certificate if it is asked for one. */
  readonly certified: boolean;
  /** Nothing but HTTP/2 is of use. */
  readonly needsHttp2?: boolean | undefined;
}

/** Where a socket was to go, for people. */
export function endpoint({ hostname, port }: Pick<Wanted, "hostname" | "port">): string {
  return hostPort(hostname, port);
}

/** A connection that was not made: nothing of the request can have been processed. */
export function connectFault(text: string, cause?: unknown): Fault {
  return { by: "transport", kind: "connect", h2: -1, processed: "never", text, cause };
}

/** The fault of a request that cannot be sent as it is. */
export function unsentFault(error: unknown): Fault {
  const text = `the request cannot be sent: ${error instanceof Error ? error.message : String(error)}`;
  return { by: "local", kind: "protocol", h2: -1, processed: "never", text, cause: error };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** The code and, where it says more, the message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    // One for each address of the name; most often they say the same.
    return [...new Set(error.errors.map(reasonOf))].join("; ");
  }
  const code = codeOf(error);
  if (/^E[A-Z]+$/.test(code)) return code;
  const message = messageOf(error);
  const reason = code === "" || message.includes(code) ? message : `${code}: ${message}`;
  const fix = alertFixes.find(([alert]) => alert.test(code))?.[1];
  return fix === undefined ? reason : `${reason} (${fix})`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // OpenSSL's message names places in its sources, and ends with a line break.
  const { reason } = error as { readonly reason?: unknown };
  return codeOf(error).startsWith("ERR_SSL_") && typeof reason === "string" ? reason : error.message;
}

/** What a server says with a TLS alert of the client's certificate (RFC 8446 section 6.2), and what helps. */
const alertFixes: readonly (readonly [alert: RegExp, fix: string])[] = [
  [
    /ALERT_CERTIFICATE_REQUIRED$/,
    "the server asks for a client certificate: give one, and its key, as tls.cert and tls.key",
  ],
  [
    /ALERT_HANDSHAKE_FAILURE$/,
    "the server may ask for a client certificate: give one, and its key, as tls.cert and tls.key",
  ],
  [
    /ALERT_(UNKNOWN_CA|(BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN)|ACCESS_DENIED)$/,
    "the server does not accept this client's certificate: tls.cert has to be one that it trusts",
  ],
];

/** OpenSSL's complaints about something that is not TLS at all. */
const notTls = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"]);

const untrusted =
  "nobody whom this client trusts vouches for the server: give the certificate of its authority, or its own if it is self-signed, as tls.ca";
/** Some servers hang up on a client's certificate, with TLS 1.3 after the handshake, and say nothing. */
export const distrusts = "not trust the certificate of tls.cert";
const wrongTime = "the server's certificate is out of its time: it needs another one, or a clock is wrong";

/** Node's codes of a server's certificate that was not accepted, and what helps. */
const certificateFixes: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", untrusted],
  ["SELF_SIGNED_CERT_IN_CHAIN", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", untrusted],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", untrusted],
  ["CERT_SIGNATURE_FAILURE", untrusted],
  ["CERT_UNTRUSTED", untrusted],
  ["CERT_HAS_EXPIRED", wrongTime],
  ["CERT_NOT_YET_VALID", wrongTime],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "use a base URL with a name that the certificate bears, or give such a name as tls.servername",
  ],
]);

/** The fault for an error of a socket that did not become connected. */
export function socketFault(wanted: Wanted, error: unknown): Fault {
  const where = endpoint(wanted);
  const code = codeOf(error);
  if (wanted.tls) {
    if (notTls.has(code)) {
      return connectFault(
        `${where} does not speak TLS: the base URL says https, the server answers in cleartext (use http, or the port that serves TLS)`,
        error,
      );
    }
    if (code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL") {
      return connectFault(alpnText(wanted, wanted.alpn, "the server refused the connection for it"), error);
    }
    if (code === "ECONNRESET") {
      const distrust = wanted.certified ? `, or ${distrusts}` : "";
      return connectFault(
        `${where} closed the connection during the TLS handshake (the base URL says https; the server may be cleartext http${distrust})`,
        error,
      );
    }
    const fix = certificateFixes.get(code);
    if (fix !== undefined)
      return connectFault(`cannot connect to ${where}: ${reasonOf(error)} (${fix})`, error);
  }
  return connectFault(`cannot connect to ${where}: ${reasonOf(error)}`, error);
}

/** What was offered, and what came of it. */
export function alpnText(
  to: Pick<Wanted, "hostname" | "port" | "needsHttp2">,
  offered: readonly string[],
  outcome: string,
): string {
  const hint = offered.includes("http/1.1") ? "" : `: ${withoutHttp2(to.needsHttp2)}`;
  return `${endpoint(to)} did not agree on a protocol by ALPN: offered ${offered.join(", ")}; ${outcome}${hint}`;
}

/** What helps a client whose server does not speak HTTP/2. */
export function withoutHttp2(needsHttp2: boolean | undefined): string {
  return needsHttp2 === true
    ? 'gRPC needs HTTP/2: use a port of the server that speaks it, or protocol "grpc-web" or "connect" with httpVersion "1.1"'
    : 'set httpVersion: "1.1"';
}

/** The first byte of a TLS record is its type: an alert or a handshake message. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03;
}
