import type { CommonTransportOptions, Protocol, Transport } from "@millrace/core";
import { clientProtocols, connectTransport } from "@millrace/core/host";
import { parseBaseUrl } from "./client/base-url.ts";
import type { BaseUrl } from "./client/base-url.ts";
import type { ClientTls } from "./client/client-tls.ts";
import { Http1Connector } from "./client/http1-connector.ts";
import { Http2Connector } from "./client/http2-connector.ts";
import { nodeHost } from "./host/node-host.ts";

/** What createTransport() takes. */
export interface TransportOptions extends CommonTransportOptions {
  /** `http://` or `https://`, host, port, and a path if methods lie below one. */
  baseUrl: string | URL;
  /**
   * Default: under https what the server chooses (ALPN), under http `2` for gRPC and `1.1` for the other protocols. gRPC is
   * HTTP/2 always.
   */
  httpVersion?: "1.1" | "2" | undefined;
  /** Certificates for https. */
  tls?: ClientTls | undefined;
  /** Milliseconds that a connection may take. Default 10,000. */
  connectTimeoutMs?: number | undefined;
}

/** A transport over HTTP. Connections are made when calls need them. Throws TypeError for a bad option. */
export function createTransport(options: TransportOptions): Transport {
  const url = parseBaseUrl(options.baseUrl);
  const protocol = options.protocol ?? "connect";
  const version = options.httpVersion ?? defaultVersion(url, protocol);
  const target = { url, tls: options.tls ?? {}, connectTimeoutMs: options.connectTimeoutMs ?? 10_000 };
  const connector = version === "2" ? new Http2Connector(target) : new Http1Connector(target);
  const { scheme, authority, prefix } = url;
  return connectTransport(
    {
      host: nodeHost,
      connector,
      protocol: clientProtocols[protocol],
      scheme,
      authority,
      basePath: prefix,
      userAgent: "millrace-node",
    },
    options,
  );
}

function defaultVersion(url: BaseUrl, protocol: Protocol): "1.1" | "2" {
  return protocol === "grpc" || url.scheme === "https" ? "2" : "1.1";
}
