import type { ServerProtocol } from "../server-protocol.ts";
import { formatOf } from "./content-type.ts";
import { cutStatus } from "./cut-status.ts";
import { serverCall } from "./server-call.ts";
import { statusFields } from "./status.ts";

const prefix = "application/grpc";

/** gRPC over HTTP/2 (PROTOCOL-HTTP2.md), server side. */
export const grpcServer: ServerProtocol = {
  name: "grpc",
  verbs: () => ["POST"],
  mediaTypes: () => [prefix, `${prefix}+proto`, `${prefix}+json`],
  accept(request) {
    const format = formatOf(request.mediaType, prefix);
    if (format === undefined || format === null || request.head.method !== "POST") return null;
    // RFC 9110 section 15.6.6: the method needs what this version of HTTP lacks.
    if (request.caps.http !== "2") {
      return {
        status: 505,
        fields: ["connection", "close"],
        text: "gRPC needs HTTP/2: gRPC-Web and Connect do not",
      };
    }
    return serverCall(request, prefix, {
      protocol: "grpc",
      format,
      text: false,
      cut: cutStatus,
      end: (error, trailers) => ({ frame: null, trailers: statusFields(error, trailers) }),
    });
  },
};
