import type { Fields } from "@millrace/exchange";
import { RpcError } from "../../error.ts";
import { acceptedEncodings, encodingNamed } from "../encoding.ts";
import { firstField } from "../fields.ts";
import type { Format } from "../format.ts";
import type { IncomingRequest, WireCall } from "../server-protocol.ts";
import { parseGrpcTimeout } from "../timeout.ts";

/** What gRPC and gRPC-Web read alike from a request's head. */
export function readRequest(
  request: IncomingRequest,
): Pick<
  WireCall,
  "encoding" | "acceptEncodingName" | "acceptEncodings" | "timeoutMs" | "refusal" | "message" | "bodyRefusal"
> {
  const { fields } = request.head;
  const encoding = encodingNamed(firstField(fields, "grpc-encoding"));
  const timeout = firstField(fields, "grpc-timeout");
  let timeoutMs = Infinity;
  let refusal: RpcError | null = null;
  try {
    if (timeout !== undefined) timeoutMs = parseGrpcTimeout(timeout);
  } catch (error) {
    refusal = RpcError.from(error);
  }
  return {
    encoding,
    acceptEncodingName: "grpc-accept-encoding",
    acceptEncodings: acceptedEncodings(fields, "grpc-accept-encoding", encoding),
    timeoutMs,
    refusal,
    message: null,
    bodyRefusal: null,
  };
}

/** gRPC "Response-Headers". */
export function responseFields(contentType: string, encoding: string | null, headers: Fields): string[] {
  const fields = ["content-type", contentType];
  if (encoding !== null) fields.push("grpc-encoding", encoding);
  fields.push(...headers);
  return fields;
}

/** The content type that answers a request's: the same protocol and codec, spelt out unless the request was bare. */
export function responseType(prefix: string, mediaType: string, format: Format): string {
  return mediaType === prefix ? prefix : `${prefix}+${format}`;
}
