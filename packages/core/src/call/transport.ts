/// <reference lib="esnext.disposable" preserve="true" />
import type { JsonOptions } from "../method.ts";
import type { MetadataInit } from "../metadata.ts";
import type { Protocol } from "../protocol/protocol-name.ts";
import type { CallHead } from "./call-head.ts";
import type { CompressionOptions } from "./compression-options.ts";
import type { Interceptor } from "./interceptor.ts";
import type { OptionNames } from "./known-options.ts";
import type { Observer } from "./observer.ts";

/** Where calls go. Opaque; shared by clients, closed by whoever made it. */
export interface Transport extends AsyncDisposable {
  /** Ends the calls that run, as `canceled`, and the connections. */
  close(): Promise<void>;
  readonly "~transport": unknown;
}

/** What holds for every call of a client, or of a transport. Interceptors given to createClient() run outside the transport's. */
export interface ClientOptions {
  /** Default for every call, in milliseconds. Default: none. */
  timeoutMs?: number | undefined;
  /** Request headers of every call. A client's replace its transport's of the same names, a call's both. */
  headers?: MetadataInit | undefined;
  /** Around every call; the first is the outermost. Default: none. */
  interceptors?: readonly Interceptor[] | undefined;
  /** Hear of every call, in this order. Default: none. */
  observers?: readonly Observer[] | undefined;
  /** A streaming call was dropped without being read to its end, and was reclaimed and canceled. */
  onAbandoned?: ((call: CallHead) => void) | undefined;
}

export const clientOptions: OptionNames<ClientOptions> = {
  timeoutMs: true,
  headers: true,
  interceptors: true,
  observers: true,
  onAbandoned: true,
};

/** What every transport has, whatever carries it. */
export interface CommonTransportOptions extends ClientOptions {
  /** Default `connect`. */
  protocol?: Protocol | undefined;
  /** Default `proto`. */
  codec?: "proto" | "json" | undefined;
  /** How messages are compressed. Default: requests are sent as they are; responses may come in all that the engine has. */
  compression?: CompressionOptions | undefined;
  /** Bytes that one received message may have. Default 4 MiB; Infinity is no limit. */
  maxReceiveBytes?: number | undefined;
  /** Bytes that one sent message may have. Default: no limit. */
  maxSendBytes?: number | undefined;
  /** How messages are read and written as JSON. Default: as protobuf's JSON mapping has it. */
  json?: JsonOptions | undefined;
  /**
   * Connect GET for unary methods without side effects: true, or the longest URL in bytes (beyond it: POST). Default
   * false; true means 8,192 bytes.
   */
  connectGet?: boolean | { readonly maxUrlBytes: number } | undefined;
  /**
   * Let bidi calls run where the responses arrive once the requests have ended (HTTP/1.1). Default false: such a call
   * fails at once, because one that waits for an answer before it ends its requests would wait for ever.
   */
  halfDuplex?: boolean | undefined;
}

/** Those beside {@link clientOptions}. */
export const transportOptions: OptionNames<Omit<CommonTransportOptions, keyof ClientOptions>> = {
  protocol: true,
  codec: true,
  compression: true,
  maxReceiveBytes: true,
  maxSendBytes: true,
  json: true,
  connectGet: true,
  halfDuplex: true,
};
