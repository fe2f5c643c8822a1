import { createInMemoryTransport as createOver, protocolByName, serverProtocols } from "@millrace/core/host";
import type { App, CommonTransportOptions, Transport } from "@millrace/core";
import { nodeHost } from "./host/node-host.ts";

/**
 * A transport to an App in the same process, which serialises for real: every byte that would travel does. The way to
 * test handlers, and to fake a server for a client. Throws TypeError for a bad option.
 */
export function createInMemoryTransport(app: App, options: CommonTransportOptions = {}): Transport {
  const protocol = protocolByName(options.protocol);
  return createOver({ host: nodeHost, protocol, serverProtocols }, app, options);
}
