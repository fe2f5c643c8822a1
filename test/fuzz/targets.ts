import type { Target } from "./target.ts";

/** What can be fuzzed, by name. Each is loaded by itself, so that the coverage of one says nothing of another. */
export const targets: Readonly<Record<string, () => Promise<Target>>> = {
  "field-values": async () => (await import("./targets/field-values.ts")).fieldValues,
  "grpc-status": async () => (await import("./targets/grpc-status.ts")).grpcStatus,
  "trailer-block": async () => (await import("./targets/trailer-block.ts")).trailerBlock,
  "connect-json": async () => (await import("./targets/connect-json.ts")).connectJson,
  frames: async () => (await import("./targets/frames.ts")).frames,
  compression: async () => (await import("./targets/compression.ts")).compression,
  "proto-codec": async () => (await import("./targets/proto-codec.ts")).protoCodec,
  "printed-codec": async () => (await import("./targets/printed-codec.ts")).printedCodec,
  "json-codec": async () => (await import("./targets/json-codec.ts")).jsonCodecs,
  request: async () => (await import("./targets/request.ts")).request,
  response: async () => (await import("./targets/response.ts")).response,
  "first-bytes": async () => (await import("./targets/first-bytes.ts")).firstBytes,
  http2: async () => (await import("./targets/http2.ts")).http2,
  "server-http1": async () => (await import("./targets/server.ts")).serverHttp1(),
  "server-http2": async () => (await import("./targets/server.ts")).serverHttp2(),
  "client-http1": async () => (await import("./targets/client.ts")).clientHttp1(),
  "client-http2": async () => (await import("./targets/client.ts")).clientHttp2(),
};
