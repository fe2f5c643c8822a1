export { ClientConnection, type ClientConnectionOptions } from "./client-connection.ts";
export type { Duplex, DuplexSink } from "./duplex.ts";
export { codeName, type Goaway, goawayText } from "./goaway.ts";
export { defaultIndexingPolicy, type IndexingPolicy } from "./hpack/indexing-policy.ts";
export type { KeepaliveOptions } from "./keepalive.ts";
export { defaultLimits, type LimitOptions, type Limits, limitsFrom } from "./limits.ts";
export type { Runtime } from "./runtime.ts";
export { ServerConnection, type ServerConnectionOptions } from "./server-connection.ts";
export { WindowBudget } from "./window-tuner.ts";
