import type { ClientProtocol } from "../client-protocol.ts";
import { requestFields } from "./request.ts";
import { outcomeOf, responseHead, withoutStatus, withoutTrailers } from "./response.ts";

const prefix = "application/grpc";

/** gRPC over HTTP/2 (PROTOCOL-HTTP2.md), client side. */
export const grpcClient: ClientProtocol = {
  name: "grpc",
  needsHttp2: true,
  framing: () => "envelope",
  request(facts) {
    const fields = requestFields(facts, prefix);
    fields.push("te", "trailers", ...facts.metadata);
    return fields;
  },
  get: null,
  response: (facts, status, fields) => ({
    ...responseHead(facts, prefix, status, fields),
    endFlag: 0,
    readEnd: () => withoutStatus(fields, [], "internal"),
    finish: (trailers, empty) =>
      trailers === null ? withoutTrailers(fields, empty, "unknown") : outcomeOf(trailers, fields),
  }),
};
