import type { ClientProtocol } from "../client-protocol.ts";
import { encodingNamed } from "../encoding.ts";
import { firstField } from "../fields.ts";
import { requestFields } from "./request.ts";
import { headFailure, withoutStatus } from "./response.ts";
import { readStatus } from "./status.ts";

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
  response(facts, status, fields) {
    return {
      failure: headFailure(facts, prefix, status, fields),
      trailersOnly: firstField(fields, "grpc-status") !== undefined,
      framing: "envelope",
      encoding: encodingNamed(firstField(fields, "grpc-encoding")),
      content: "messages",
      endFlag: 0,
      readEnd: () => withoutStatus(fields, [], "internal"),
      finish(trailers, empty) {
        if (trailers !== null)
          return readStatus(trailers, fields) ?? withoutStatus(fields, trailers, "unknown");
        // Trailers-Only: the head is the trailers. Behind a body, a status in the head says nothing.
        const outcome = empty ? readStatus(fields, []) : undefined;
        return outcome ?? withoutStatus(fields, [], "unknown");
      },
    };
  },
};
