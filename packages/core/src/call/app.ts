import type { JsonOptions } from "../method.ts";
import type { Protocol } from "../protocol/protocol-name.ts";
import type { CallHead } from "./call-head.ts";
import type { CompressionOptions } from "./compression-options.ts";
import type { Implementation, ServiceOptions } from "./implementation.ts";
import type { OptionNames } from "./known-options.ts";

/** Services and what holds for all of them. A plain object: export it, spread it, mount it in several places. */
export interface App extends ServiceOptions {
  /** What is served: what implement() and implementPartial() make. Each service once. */
  services: readonly Implementation[];
  /**
   * Hears what a handler threw that was no RpcError, of which the client sees `unknown` with a fixed text, and of responses
   * that cannot be sent. Default: it is logged.
   */
  onError?: ((error: unknown, call: CallHead) => void) | undefined;
  /** Bytes that one received message may have. Default 4 MiB; Infinity is no limit. */
  maxReceiveBytes?: number | undefined;
  /** Bytes that one sent message may have. Default: no limit. */
  maxSendBytes?: number | undefined;
  /** How messages are compressed. Default: responses are sent as they are; requests may come in all that the engine has. */
  compression?: CompressionOptions | undefined;
  /** How messages are read and written as JSON. Default: as protobuf's JSON mapping has it. */
  json?: JsonOptions | undefined;
  /** The protocols that are served. Default: all that the platform has; on Node, all three. */
  protocols?: readonly Protocol[] | undefined;
  /** Refuse Connect calls without `connect-protocol-version` (Connect "Unary-Request"). Default false. */
  requireConnectProtocolHeader?: boolean | undefined;
  /** Path prefix of every method, such as `/rpc`. Default: none. */
  pathPrefix?: string | undefined;
}

/** Those beside the ones of a service. */
export const appOptions: OptionNames<Omit<App, keyof ServiceOptions>> = {
  services: true,
  onError: true,
  maxReceiveBytes: true,
  maxSendBytes: true,
  compression: true,
  json: true,
  protocols: true,
  requireConnectProtocolHeader: true,
  pathPrefix: true,
};
