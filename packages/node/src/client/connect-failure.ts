import type { Fault } from "@millrace/exchange";
import { hostPort } from "../socket/host-port.ts";

/** What a socket asked of TLS, for the text of a failure. */
export interface Wanted {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly alpn: readonly string[];
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
  const message = error instanceof Error ? error.message : String(error);
  return code === "" || message.includes(code) ? message : `${code}: ${message}`;
}

/** OpenSSL's complaints about something that is not TLS at all. */
const notTls = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"]);

const untrusted =
  "nobody whom this client trusts vouches for the server: give the certificate of its authority, or its own if it is self-signed, as tls.ca";
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
      return connectFault(alpnText(where, wanted.alpn, "the server refused the connection for it"), error);
    }
    if (code === "ECONNRESET") {
      return connectFault(
        `${where} closed the connection during the TLS handshake (the base URL says https; the server may be cleartext http)`,
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
export function alpnText(where: string, offered: readonly string[], outcome: string): string {
  const hint = offered.includes("http/1.1") ? "" : ' (httpVersion: "1.1" would be the other choice)';
  return `${where} did not agree on a protocol by ALPN: offered ${offered.join(", ")}; ${outcome}${hint}`;
}

/** The first byte of a TLS record is its type: an alert or a handshake message. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03;
}
