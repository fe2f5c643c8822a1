import type { App } from "@millrace/core";
import { appOptions, checkOptions, createAccept, serverProtocols, serviceOptions } from "@millrace/core/host";
import { nodeHost } from "./host/node-host.ts";
import { listen } from "./server/listen.ts";
import { addressOptions, listenOptions } from "./server/listen-options.ts";
import type { Listening, ListenOptions } from "./server/listen-options.ts";

/** An App and where to listen. */
export interface ServeOptions extends App, ListenOptions {}

/** A server that listens. */
export interface Server extends Listening {}

/**
 * Serves an App: HTTP/1.1 and HTTP/2, cleartext told apart by the first bytes, TLS by ALPN, all three protocols on one port.
 * Rejects with a TypeError for a bad option and with a ListenError, naming the address, when it cannot be had.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  checkOptions("serve()", options, addressOptions, listenOptions, serviceOptions, appOptions);
  for (const address of options.addresses ?? []) checkOptions("addresses", address, addressOptions);
  return listen(createAccept(nodeHost, serverProtocols, options), options);
}
