/** Which fields an encoder keeps out of the table. It indexes all others. Names are in lower case. */
export interface IndexingPolicy {
  /** Secrets: written as never-indexed literals, which no intermediary may index either (RFC 7541 section 7.1.3). */
  readonly never: readonly string[];
  /** What differs from call to call, and would push what repeats out of the table: literals without indexing. */
  readonly perCall: readonly string[];
}

/**
 * Credentials and cookies are secrets; timeouts, trace ids, lengths and dates differ from call to call. For one more secret:
 * `{ ...defaultIndexingPolicy, never: [...defaultIndexingPolicy.never, "x-my-token"] }`.
 */
export const defaultIndexingPolicy: IndexingPolicy = {
  never: [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
  ],
  perCall: [
    "grpc-timeout",
    "connect-timeout-ms",
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "grpc-trace-bin",
    "grpc-tags-bin",
    "x-cloud-trace-context",
    "x-amzn-trace-id",
    "x-request-id",
    "x-correlation-id",
    "idempotency-key",
    "grpc-message",
    "grpc-status-details-bin",
    "age",
    "content-length",
    "content-range",
    "date",
    "etag",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "range",
  ],
};
