import { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { ClientProtocol } from "../client-protocol.ts";
import { mostFields } from "../fields.ts";
import { requestFields } from "../grpc/request.ts";
import { outcomeOf, responseHead, withoutTrailers } from "../grpc/response.ts";
import { flagTrailers, readTrailerBlock } from "./trailer-frame.ts";

const prefix = "application/grpc-web";

/** gRPC-Web (PROTOCOL-WEB.md), client side, binary. */
export const grpcWebClient: ClientProtocol = {
  name: "grpc-web",
  needsHttp2: false,
  framing: () => "envelope",
  request(facts) {
    const fields = requestFields(facts, prefix);
    fields.push("x-grpc-web", "1", ...facts.metadata);
    return fields;
  },
  get: null,
  response: (facts, status, fields) => ({
    ...responseHead(facts, prefix, status, fields),
    endFlag: flagTrailers,
    readEnd(payload) {
      const trailers = readTrailerBlock(payload);
      const metadata = FieldMetadata.received(fields);
      if (trailers === null) {
        const error = new RpcError("internal", "the gRPC-Web trailers are malformed", { metadata });
        return { error, trailers: [] };
      }
      if (trailers.length > 2 * mostFields) {
        const text = `the gRPC-Web trailers are more than ${mostFields} fields`;
        return { error: new RpcError("resource_exhausted", text, { metadata }), trailers: [] };
      }
      return outcomeOf(trailers, fields);
    },
    finish: (_trailers, empty) => withoutTrailers(fields, empty, "internal"),
  }),
};
