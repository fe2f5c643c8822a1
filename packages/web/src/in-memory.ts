import type { App, CommonTransportOptions, Transport } from "@millrace/core";
import { connectClient, createInMemoryTransport as createOver } from "@millrace/core/host";
import type { ClientProtocol } from "@millrace/core/host";
import { webHost } from "./host/web-host.ts";
import { checkProtocol, servedProtocols } from "./protocol.ts";

/** What createInMemoryTransport() takes beside the App. */
export interface InMemoryOptions extends Omit<CommonTransportOptions, "protocol"> {
  /** Default `connect`. */
  protocol?: ClientProtocol | undefined;
}

/**
 * A transport to an App in the same process, which serialises for real: every byte that would travel does. The way to
 * test handlers, and to fake a server for a client. Throws TypeError for a bad option.
 */
export function createInMemoryTransport(app: App, options: InMemoryOptions = {}): Transport {
  const protocol = checkProtocol(options.protocol ?? connectClient);
  return createOver({ host: webHost, protocol, serverProtocols: servedProtocols }, app, options);
}
