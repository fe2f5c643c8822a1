import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { acceptedEncodings, encodingNamed } from "../encoding.ts";
import { listSize } from "../fields.ts";
import type { Format } from "../format.ts";
import type { IncomingRequest, WireCall } from "../server-protocol.ts";
import { parseGrpcTimeout, readTimeout } from "../timeout.ts";
import { usualListSize } from "./cut-status.ts";
import { statusFields } from "./status.ts";

/** Room for the fields that the carriage adds: ":status", "date" and their like. */
const ownSize = 256;

/** In what calls of gRPC and of gRPC-Web differ: `end` is how the status travels behind messages, `cut` how much of it. */
type OwnParts = Pick<WireCall, "protocol" | "format" | "text" | "cut" | "end">;

/** A request's head, read as gRPC and gRPC-Web both have it. `prefix`: the content type without its codec. */
export function serverCall(request: IncomingRequest, prefix: string, own: OwnParts): WireCall {
  const { fields } = request.head;
  const encoding = encodingNamed(firstField(fields, "grpc-encoding"));
  const contentType = responseType(prefix, request.mediaType, own.format);
  return {
    ...own,
    ...readTimeout(firstField(fields, "grpc-timeout"), parseGrpcTimeout),
    framing: "envelope",
    encoding,
    acceptEncodingName: "grpc-accept-encoding",
    acceptEncodings: () => acceptedEncodings(fields, "grpc-accept-encoding", encoding),
    message: null,
    bodyRefusal: null,
    respond: (headers, sendEncoding) => ({
      status: 200,
      fields: responseFields(contentType, sendEncoding, headers),
    }),
    fail(error, headers, trailers) {
      const head = responseFields(contentType, null, headers);
      const fields = [...head, ...statusFields(error, trailers)];
      // Trailers-Only, unless there are headers to keep apart from the trailers, or there is more than fits in a head.
      if (headers.length === 0 && listSize(fields) <= usualListSize - ownSize) {
        return { status: 200, fields, body: null, trailers: null };
      }
      const end = own.end(error, trailers);
      return { status: 200, fields: head, body: end.frame, trailers: end.trailers };
    },
  };
}

/** gRPC "Response-Headers". */
function responseFields(contentType: string, encoding: string | null, headers: Fields): string[] {
  const fields = ["content-type", contentType];
  if (encoding !== null) fields.push("grpc-encoding", encoding);
  fields.push(...headers);
  return fields;
}

/** The content type that answers a request's: the same protocol and codec, spelt out unless the request was bare. */
function responseType(prefix: string, mediaType: string, format: Format): string {
  return mediaType === prefix ? prefix : `${prefix}+${format}`;
}
