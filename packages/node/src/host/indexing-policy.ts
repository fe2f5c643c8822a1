import { defaultIndexingPolicy, type IndexingPolicy } from "@millrace/http2";

/** What an encoder of headers keeps out of its table, with what differs from call to call in the RPC protocols. */
export const indexingPolicy: IndexingPolicy = {
  never: defaultIndexingPolicy.never,
  perRequest: [
    ...defaultIndexingPolicy.perRequest,
    "grpc-timeout",
    "connect-timeout-ms",
    "grpc-trace-bin",
    "grpc-tags-bin",
    "grpc-message",
    "grpc-status-details-bin",
  ],
};
