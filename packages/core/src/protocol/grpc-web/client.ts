import { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { ClientProtocol } from "../client-protocol.ts";
import { encodingNamed } from "../encoding.ts";
import { firstField } from "../fields.ts";
import { requestFields } from "../grpc/request.ts";
import { headFailure, withoutStatus } from "../grpc/response.ts";
import { readStatus } from "../grpc/status.ts";
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
  response(facts, status, fields) {
    return {
      failure: headFailure(facts, prefix, status, fields),
      trailersOnly: firstField(fields, "grpc-status") !== undefined,
      framing: "envelope",
      encoding: encodingNamed(firstField(fields, "grpc-encoding")),
      content: "messages",
      endFlag: flagTrailers,
      readEnd(payload) {
        const trailers = readTrailerBlock(payload);
        if (trailers !== null)
          return readStatus(trailers, fields) ?? withoutStatus(fields, trailers, "unknown");
        const metadata = FieldMetadata.received(fields);
        return {
          error: new RpcError("internal", "the gRPC-Web trailers are malformed", { metadata }),
          trailers: [],
        };
      },
      finish(_trailers, empty) {
        const outcome = empty ? readStatus(fields, []) : undefined;
        return outcome ?? withoutStatus(fields, [], empty ? "unknown" : "internal");
      },
    };
  },
};
