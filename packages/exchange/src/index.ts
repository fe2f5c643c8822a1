export type { Caps } from "./caps.ts";
export type { Connector, Hints } from "./connector.ts";
export { ErrorCode } from "./error-code.ts";
export type { Accept, Exchange, ServerExchange, Span } from "./exchange.ts";
export type { Fault } from "./fault.ts";
export type { Fields } from "./fields.ts";
export type { Head, RequestHead } from "./head.ts";
export type { Peer } from "./peer.ts";
export type { ClientSink, Sink } from "./sink.ts";
