import type { Runtime } from "@millrace/http2";
import { nodeRuntime } from "@millrace/http2/node";
import { nodeHost } from "./node-host.ts";

/** Node's clock and event loop for the HTTP/2 engine: what it does later belongs to no call. */
export const engineRuntime: Runtime = {
  now: () => nodeRuntime.now(),
  timer: (ms, run) => nodeHost.root(() => nodeRuntime.timer(ms, run)),
  soon: (run) => nodeHost.root(() => nodeRuntime.soon(run)),
  later: (run) => nodeHost.root(() => nodeRuntime.later(run)),
};
