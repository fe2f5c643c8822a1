import type { ContextValues } from "../context-values.ts";
import type { MetadataInit } from "../metadata.ts";

/** What one call may set for itself. */
export interface CallOptions {
  /**
   * Milliseconds over connect, send and receive; travels to the server. Default: the client's, else none; Infinity is
   * none. Never longer than the deadline inherited from the handler that the call is made in.
   */
  timeoutMs?: number | undefined;
  /** Aborting it cancels the call. */
  signal?: AbortSignal | undefined;
  /** Request headers, in place of the client's and the transport's of the same names; interceptors may replace these. */
  headers?: MetadataInit | undefined;
  /** Values for interceptors and observers. */
  values?: ContextValues | undefined;
  /** Bytes that one received message may have. Default: the transport's, 4 MiB. */
  maxReceiveBytes?: number | undefined;
  /** Take neither deadline nor cancellation from the handler that the call is made in. Default false. */
  detached?: boolean | undefined;
}
