import { type Runtime, WindowBudget } from "@millrace/http2";
import { nodeRuntime } from "@millrace/http2/node";
import { nodeHost } from "./node-host.ts";

/** What the HTTP/2 connections of this process may grant together beyond the windows that streams have at first. */
export const windowBudget: WindowBudget = new WindowBudget(128 * 1024 * 1024);

/** Node's clock and event loop for the HTTP/2 engine: what it does later belongs to no call. */
export const engineRuntime: Runtime = {
  now: () => nodeRuntime.now(),
  timer: (ms, run) => nodeHost.root(() => nodeRuntime.timer(ms, run)),
  soon: (run) => nodeHost.root(() => nodeRuntime.soon(run)),
  later: (run) => nodeHost.root(() => nodeRuntime.later(run)),
};
