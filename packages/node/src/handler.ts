import type { App } from "@millrace/core";
import { appOptions, checkOptions, createAccept, serverProtocols, serviceOptions } from "@millrace/core/host";
import { nodeHost } from "./host/node-host.ts";
import { mount } from "./server/mount/mount.ts";
import type { NodeHandler } from "./server/mount/mount.ts";

/**
 * An App as a handler of node:http, https and node:http2 servers, and of frameworks on top of them. What is not the App's
 * goes to `next`, or is answered with 404. Throws TypeError for a bad option.
 */
export function createNodeHandler(app: App): NodeHandler {
  checkOptions("the App", app, serviceOptions, appOptions);
  return mount(createAccept(nodeHost, serverProtocols, app));
}
