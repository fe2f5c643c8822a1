import { appOptions } from "../call/app.ts";
import type { App } from "../call/app.ts";
import { serviceOptions } from "../call/implementation.ts";
import { checkOptions } from "../call/known-options.ts";
import { pathPrefix } from "../call/path-prefix.ts";
import { connectTransport } from "../call/client/connect-transport.ts";
import { createAccept } from "../call/server/create-accept.ts";
import { clientOptions, transportOptions } from "../call/transport.ts";
import type { CommonTransportOptions, Transport } from "../call/transport.ts";
import type { Host } from "../host/host.ts";
import type { ClientProtocol } from "../protocol/client-protocol.ts";
import type { ServerProtocol } from "../protocol/server-protocol.ts";
import { memoryConnector } from "./memory-connector.ts";

/** What a platform gives beside the user's options. */
export interface InMemoryParts {
  readonly host: Host;
  /** What the client speaks. */
  readonly protocol: ClientProtocol;
  /** What the server understands. */
  readonly serverProtocols: readonly ServerProtocol[];
}

/**
 * A transport to an App in the same process, which serialises for real: every byte that would travel does. The way to
 * test handlers, and to fake a server for a client. Throws TypeError for a bad option.
 */
export function createInMemoryTransport(
  { host, protocol, serverProtocols }: InMemoryParts,
  app: App,
  options: Omit<CommonTransportOptions, "protocol">,
): Transport {
  checkOptions("the App", app, serviceOptions, appOptions);
  checkOptions("createInMemoryTransport()", options, clientOptions, transportOptions);
  const connector = memoryConnector(createAccept(host, serverProtocols, app), host);
  const parts = {
    host,
    connector,
    protocol,
    scheme: "http",
    authority: "in-memory",
    basePath: pathPrefix(app),
    userAgent: undefined,
  };
  return connectTransport(parts, options);
}
