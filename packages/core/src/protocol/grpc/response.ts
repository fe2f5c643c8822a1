import type { Fields } from "@millrace/exchange";
import { codeFromHttpStatus } from "../../code.ts";
import { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Outcome, RequestFacts } from "../client-protocol.ts";
import { firstField, mediaType } from "../fields.ts";
import { formatOf } from "./content-type.ts";
import { readStatus } from "./status.ts";

/** What the head of a gRPC or gRPC-Web response decides alone: an error, or null if the body has to be read. */
export function headFailure(
  facts: RequestFacts,
  prefix: string,
  status: number,
  fields: Fields,
): RpcError | null {
  const metadata = FieldMetadata.received(fields);
  if (status !== 200) {
    return (
      readStatus(fields, [])?.error ??
      new RpcError(
        codeFromHttpStatus(status),
        `HTTP status ${status} without a gRPC status from ${facts.method.path}${status === 404 ? ": is the path of the base URL right?" : ""}`,
        { metadata },
      )
    );
  }
  const type = firstField(fields, "content-type") ?? "";
  const format = formatOf(mediaType(type), prefix);
  if (format === facts.format) return null;
  const expected = `${prefix}+${facts.format}`;
  return format === undefined
    ? new RpcError("unknown", `response content-type ${JSON.stringify(type)} is not ${expected}`, {
        metadata,
      })
    : new RpcError(
        "internal",
        `response content-type ${JSON.stringify(type)} has another codec than ${expected}`,
        {
          metadata,
        },
      );
}

/** The outcome of a response whose status is missing. */
export function withoutStatus(fields: Fields, trailers: Fields, code: "unknown" | "internal"): Outcome {
  const metadata = FieldMetadata.received(fields).add(FieldMetadata.received(trailers));
  return {
    error: new RpcError(code, "the response ended without a grpc-status", { metadata }),
    trailers: FieldMetadata.received(trailers).fields,
  };
}
