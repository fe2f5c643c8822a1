import { formatOf } from "../grpc/content-type.ts";
import { serverCall } from "../grpc/server-call.ts";
import { statusFields } from "../grpc/status.ts";
import type { ServerProtocol } from "../server-protocol.ts";
import { trailerFrame } from "./trailer-frame.ts";

const binary = "application/grpc-web";
const text = "application/grpc-web-text";

/** gRPC-Web (PROTOCOL-WEB.md), server side, binary and text. */
export const grpcWebServer: ServerProtocol = {
  name: "grpc-web",
  verbs: () => ["POST"],
  mediaTypes: () => [binary, `${binary}+proto`, `${binary}+json`, text, `${text}+proto`, `${text}+json`],
  accept(request) {
    const prefix = formatOf(request.mediaType, text) === undefined ? binary : text;
    const format = formatOf(request.mediaType, prefix);
    if (format === undefined || format === null || request.head.method !== "POST") return null;
    return serverCall(request, prefix, {
      protocol: "grpc-web",
      format,
      text: prefix === text,
      // It travels in the body.
      cut: () => null,
      end: (error, trailers) => ({ frame: trailerFrame(statusFields(error, trailers)), trailers: null }),
    });
  },
};
