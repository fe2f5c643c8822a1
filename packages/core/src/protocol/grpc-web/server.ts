import { formatOf } from "../grpc/content-type.ts";
import { readRequest, responseFields, responseType } from "../grpc/server-call.ts";
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
    const contentType = responseType(prefix, request.mediaType, format);
    return {
      ...readRequest(request),
      protocol: "grpc-web",
      format,
      framing: "envelope",
      text: prefix === text,
      respond: (headers, encoding) => ({
        status: 200,
        fields: responseFields(contentType, encoding, headers),
      }),
      end: (error, trailers) => ({ frame: trailerFrame(statusFields(error, trailers)), trailers: null }),
      fail(error, headers, trailers) {
        const status = statusFields(error, trailers);
        const fields = responseFields(contentType, null, headers);
        return headers.length === 0
          ? { status: 200, fields: [...fields, ...status], body: null, trailers: null }
          : { status: 200, fields, body: trailerFrame(status), trailers: null };
      },
    };
  },
};
