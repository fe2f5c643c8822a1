import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import type { Code } from "../../code.ts";
import { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import { shortened } from "../../shortened.ts";
import type { Outcome, RequestFacts, WireResponse } from "../client-protocol.ts";
import { encodingNamed } from "../encoding.ts";
import { mediaType } from "../fields.ts";
import { bareStatus } from "../bare-status.ts";
import { formatOf } from "./content-type.ts";
import { readStatus } from "./status.ts";

type ResponseHead = Pick<WireResponse, "failure" | "trailersOnly" | "framing" | "encoding" | "content">;

/** What the head of a response says in gRPC and in gRPC-Web alike. `prefix`: the content type without its codec. */
export function responseHead(
  facts: RequestFacts,
  prefix: string,
  status: number,
  fields: Fields,
): ResponseHead {
  return {
    failure: status === 200 ? wrongType(facts, prefix, fields) : statusFailure(facts, prefix, status, fields),
    trailersOnly: firstField(fields, "grpc-status") !== undefined,
    framing: "envelope",
    encoding: encodingNamed(firstField(fields, "grpc-encoding")),
    content: "messages",
  };
}

/** The outcome that trailers tell. */
export function outcomeOf(trailers: Fields, headers: Fields): Outcome {
  return readStatus(trailers, headers) ?? withoutStatus(headers, trailers, "unknown");
}

/**
 * The outcome of a response that had no trailers: the head is (Trailers-Only) if it had no body either. Behind a body, a
 * status in the head says nothing, and that its end is missing is of code `cutShort`.
 */
export function withoutTrailers(headers: Fields, empty: boolean, cutShort: Code): Outcome {
  const told = empty ? readStatus(headers, []) : undefined;
  return told ?? withoutStatus(headers, [], empty ? "unknown" : cutShort);
}

/** The outcome of a response whose status is missing. */
export function withoutStatus(headers: Fields, trailers: Fields, code: Code): Outcome {
  const own = FieldMetadata.received(trailers);
  const metadata = FieldMetadata.received(headers).add(own);
  return {
    error: new RpcError(code, "the response ended without a grpc-status", { metadata }),
    trailers: own.fields,
  };
}

function statusFailure(facts: RequestFacts, prefix: string, status: number, fields: Fields): RpcError {
  const told = readStatus(fields, [])?.error;
  if (told !== undefined && told !== null) return told;
  const type = `${prefix}+${facts.format}`;
  return bareStatus(status, "a gRPC status", facts.method, type, FieldMetadata.received(fields));
}

function wrongType(facts: RequestFacts, prefix: string, fields: Fields): RpcError | null {
  const type = firstField(fields, "content-type") ?? "";
  const format = formatOf(mediaType(type), prefix);
  if (format === facts.format) return null;
  const expected = `${prefix}+${facts.format}`;
  const metadata = FieldMetadata.received(fields);
  const given = `response content-type ${JSON.stringify(shortened(type, 64))}`;
  return format === undefined
    ? new RpcError("unknown", `${given} is not ${expected}`, { metadata })
    : new RpcError("internal", `${given} has another codec than ${expected}`, { metadata });
}
