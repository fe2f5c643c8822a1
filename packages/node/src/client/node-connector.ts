import { createSecureContext } from "node:tls";
import { checkOptions, shown } from "@millrace/core/host";
import type { Connector } from "@millrace/exchange";
import { AlpnConnector } from "./alpn-connector.ts";
import { type BaseUrl, parseBaseUrl } from "./base-url.ts";
import { clientTlsOptions } from "./client-tls.ts";
import type { ClientTls } from "./client-tls.ts";
import type { Target, TargetTls } from "./dial.ts";
import { Http1Connector } from "./http1-connector.ts";
import { Http2Connector } from "./http2-connector.ts";
import { TlsSessions } from "./tls-sessions.ts";
import { type ClientKeepalive, clientKeepalive } from "../socket/keepalive.ts";

/** How a client reaches a server. */
export interface NodeConnectorOptions {
  /** `http://…` or `https://…`, absolute, without query, fragment and credentials. */
  readonly baseUrl: string | URL;
  /**
   * `1.1`, or `2` (with prior knowledge under http). Default: under https the server chooses by ALPN, under http `1.1`.
   */
  readonly httpVersion?: "1.1" | "2" | undefined;
  /** What is sent needs HTTP/2 (gRPC), which is then the default of `httpVersion`. Default: false. */
  readonly needsHttp2?: boolean | undefined;
  /** For https only. */
  readonly tls?: ClientTls | undefined;
  /** For TCP, TLS and the server's SETTINGS together, milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** For HTTP/2. Default: its own. */
  readonly keepalive?: ClientKeepalive | false | undefined;
}

function buffer(pem: string | Uint8Array): string | Buffer {
  return typeof pem === "string" ? pem : Buffer.from(pem);
}

/** OpenSSL takes what holds none for an empty list, and says nothing. */
function authorities(ca: NonNullable<ClientTls["ca"]>): (string | Buffer)[] {
  const list = typeof ca === "string" || ca instanceof Uint8Array ? [buffer(ca)] : ca.map(buffer);
  if (list.every((pem) => pem.includes("CERTIFICATE-----"))) return list;
  throw new TypeError(
    'tls.ca holds no certificate in PEM ("-----BEGIN CERTIFICATE-----"): give the contents of the file, not its name',
  );
}

/** Read once: a context costs milliseconds, and what is wrong with a key is said where it was given. */
function targetTls(tls: ClientTls): TargetTls {
  checkOptions("tls", tls, clientTlsOptions);
  const { ca, cert, key, servername, rejectUnauthorized } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError(
      `tls.${cert === undefined ? "key" : "cert"} is of no use alone: give both cert and key`,
    );
  }
  const trusted = ca === undefined ? {} : { ca: authorities(ca) };
  try {
    const secureContext = createSecureContext({
      ...trusted,
      ...(cert === undefined ? {} : { cert: buffer(cert) }),
      ...(key === undefined ? {} : { key: buffer(key) }),
    });
    const certified = cert !== undefined;
    return { secureContext, certified, servername, rejectUnauthorized, sessions: new TlsSessions() };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`tls: ca, cert or key cannot be used: ${why}`, { cause });
  }
}

function connectorFor(target: Target, httpVersion: "1.1" | "2" | undefined): Connector {
  if (httpVersion === "2") return new Http2Connector(target);
  if (httpVersion === "1.1" || target.url.scheme === "http") return new Http1Connector(target);
  return new AlpnConnector(target);
}

/**
 * Makes the connector of a base URL. Nothing is connected before the first exchange. Throws a TypeError that names the
 * option, its value and the fix.
 */
export function nodeConnector(options: NodeConnectorOptions): Connector {
  const { baseUrl, needsHttp2 = false, tls, connectTimeoutMs = 10_000 } = options;
  const httpVersion = options.httpVersion ?? (needsHttp2 ? "2" : undefined);
  const url: BaseUrl = parseBaseUrl(baseUrl);
  if (httpVersion !== undefined && httpVersion !== "1.1" && httpVersion !== "2") {
    throw new TypeError(`httpVersion ${JSON.stringify(httpVersion)} is not known: use "1.1" or "2"`);
  }
  if (typeof connectTimeoutMs !== "number" || !(connectTimeoutMs > 0)) {
    throw new TypeError(
      `connectTimeoutMs ${shown(connectTimeoutMs)} is not a time: use a number of milliseconds above 0`,
    );
  }
  if (tls !== undefined && url.scheme === "http") {
    throw new TypeError(
      `tls is given, but baseUrl ${JSON.stringify(String(baseUrl))} is cleartext: use https`,
    );
  }
  const target: Target = {
    url,
    connectTimeoutMs,
    needsHttp2,
    keepalive: clientKeepalive(options.keepalive),
    ...(url.scheme === "https" ? { tls: targetTls(tls ?? {}) } : {}),
  };
  return connectorFor(target, httpVersion);
}
