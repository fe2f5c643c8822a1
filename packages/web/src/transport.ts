import type { CommonTransportOptions, Transport } from "@millrace/core";
import { checkOptions, clientOptions, connectTransport, transportOptions } from "@millrace/core/host";
import type { ClientProtocol, OptionNames } from "@millrace/core/host";
import { parseBaseUrl } from "./client/base-url.ts";
import { FetchConnector } from "./client/fetch-connector.ts";
import type { Fetch } from "./client/fetch.ts";
import { webHost } from "./host/web-host.ts";
import { checkProtocol } from "./protocol.ts";

/** What createTransport() takes. */
export interface TransportOptions extends Omit<CommonTransportOptions, "protocol"> {
  /** `http://` or `https://`, host, port, and a path if methods lie below one. On a page it may be relative: `/api`. */
  baseUrl: string | URL;
  /** `connect` or `grpcWeb`, imported from here: a bundle carries the one that is used. */
  protocol: ClientProtocol;
  /** Sends in place of the global fetch: with options of a runtime's own, through a service binding, or to a handler. */
  fetch?: Fetch | undefined;
  /** Whether cookies go along (Fetch "request credentials mode"). Default: the runtime's, `same-origin` in browsers. */
  credentials?: "omit" | "same-origin" | "include" | undefined;
  /** How HTTP caches are used (Fetch "request cache mode"), which matters with `connectGet`. Default: the runtime's. */
  cache?: "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached" | undefined;
}

const fetchOptions: OptionNames<Omit<TransportOptions, keyof CommonTransportOptions>> = {
  baseUrl: true,
  fetch: true,
  credentials: true,
  cache: true,
};

/**
 * A transport over fetch. What fetch cannot do fails at once, as `unimplemented`, naming what can: gRPC, which needs
 * trailers; bidi calls, unless `halfDuplex` is set; client streams in browsers that cannot stream a request. Throws
 * TypeError for a bad option.
 */
export function createTransport(options: TransportOptions): Transport {
  checkOptions("createTransport()", options, fetchOptions, clientOptions, transportOptions);
  const { scheme, authority, prefix } = parseBaseUrl(
    (options as Partial<TransportOptions> | undefined)?.baseUrl,
  );
  const protocol = checkProtocol(options.protocol);
  const init: RequestInit = {};
  // Some runtimes refuse what they do not implement as soon as it is there.
  if (options.credentials !== undefined) init.credentials = options.credentials;
  if (options.cache !== undefined) init.cache = options.cache;
  // The global is looked up for each call: who replaces it, for tests or traces, means it.
  const send: Fetch = options.fetch ?? ((url, each) => fetch(url, each));
  const connector = new FetchConnector({ origin: `${scheme}://${authority}`, fetch: send, init });
  return connectTransport(
    { host: webHost, connector, protocol, scheme, authority, basePath: prefix, userAgent: undefined },
    options,
  );
}
