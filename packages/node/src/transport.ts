import type { CommonTransportOptions, Transport } from "@millrace/core";
import {
  checkOptions,
  clientOptions,
  connectTransport,
  protocolByName,
  transportOptions,
} from "@millrace/core/host";
import type { OptionNames } from "@millrace/core/host";
import { parseBaseUrl } from "./client/base-url.ts";
import type { ClientTls } from "./client/client-tls.ts";
import { nodeConnector } from "./client/node-connector.ts";
import { nodeHost } from "./host/node-host.ts";
import type { ClientKeepalive } from "./socket/keepalive.ts";

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
  /**
   * HTTP/2: a server that says nothing is asked by PING whether it lives. Without an answer its calls end, `unavailable`, and
   * the next one takes another connection. Default: after 300,000 ms, while calls run, 20,000 ms to answer. False: never.
   */
  keepalive?: ClientKeepalive | false | undefined;
}

const nodeOptions: OptionNames<Omit<TransportOptions, keyof CommonTransportOptions>> = {
  baseUrl: true,
  httpVersion: true,
  tls: true,
  connectTimeoutMs: true,
  keepalive: true,
};

/** A transport over HTTP. Connections are made when calls need them. Throws TypeError for a bad option. */
export function createTransport(options: TransportOptions): Transport {
  checkOptions("createTransport()", options, nodeOptions, clientOptions, transportOptions);
  const url = parseBaseUrl((options as Partial<TransportOptions> | undefined)?.baseUrl);
  const protocol = protocolByName(options.protocol);
  const connector = nodeConnector({ ...options, needsHttp2: protocol.needsHttp2 });
  const { scheme, authority, prefix } = url;
  return connectTransport(
    {
      host: nodeHost,
      connector,
      protocol,
      scheme,
      authority,
      basePath: prefix,
      userAgent: "millrace-node",
    },
    options,
  );
}
