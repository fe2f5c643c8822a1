import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { codeFromHttpStatus } from "../../code.ts";
import { notModified, RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import { shortened } from "../../shortened.ts";
import type { ClientProtocol, RequestFacts, WireResponse } from "../client-protocol.ts";
import { bareStatus } from "../bare-status.ts";
import { encodingNamed } from "../encoding.ts";
import { mediaType } from "../fields.ts";
import { printConnectTimeout } from "../timeout.ts";
import { decodeUtf8Lenient } from "../utf8.ts";
import { contentTypeOf, readContentType } from "./content-type.ts";
import { flagEndStream, readEndStream } from "./end-stream.ts";
import { errorFromJson } from "./error-json.ts";
import { allowsGet, getQuery } from "./get.ts";
import { prefixedTrailers } from "./trailer-prefix.ts";

/** Connect, client side. Unary calls are plain HTTP. */
export const connectClient: ClientProtocol = {
  name: "connect",
  needsHttp2: false,
  framing: (method) => (method.kind === "unary" ? "body" : "envelope"),
  request: (facts) =>
    addFields(facts, [
      "content-type",
      contentTypeOf(facts.method.kind, facts.format),
      "connect-protocol-version",
      "1",
    ]),
  // What the query says is not said again.
  get: { allows: allowsGet, query: getQuery, request: (facts) => addFields(facts, []) },
  response(facts, status, fields) {
    return facts.method.kind === "unary"
      ? unaryResponse(facts, status, fields)
      : streamResponse(facts, status, fields);
  },
};

/** Adds the fields that a POST and a GET have alike. */
function addFields(facts: RequestFacts, fields: string[]): string[] {
  const prefix = facts.method.kind === "unary" ? "" : "connect-";
  if (facts.timeoutMs !== Infinity) fields.push("connect-timeout-ms", printConnectTimeout(facts.timeoutMs));
  if (facts.sendEncoding !== null) fields.push(`${prefix}content-encoding`, facts.sendEncoding);
  if (facts.acceptEncodings.length > 0)
    fields.push(`${prefix}accept-encoding`, facts.acceptEncodings.join(", "));
  fields.push(...facts.metadata);
  return fields;
}

function unaryResponse(facts: RequestFacts, status: number, fields: Fields): WireResponse {
  const type = firstField(fields, "content-type");
  const trailers = FieldMetadata.received(prefixedTrailers(fields));
  const metadata = (): FieldMetadata => FieldMetadata.received(fields).add(trailers);
  const ok = status === 200;
  const bareError = (): RpcError =>
    status === 304 && isConditional(facts)
      ? notModified(metadata())
      : bareStatus(
          status,
          "a Connect error",
          facts.method,
          contentTypeOf(facts.method.kind, facts.format),
          metadata(),
        );
  return {
    failure: ok
      ? wrongType(facts, type, readContentType(mediaType(type))?.streaming === false, metadata)
      : mediaType(type) === "application/json"
        ? null
        : bareError(),
    trailersOnly: false,
    framing: "body",
    encoding: encodingNamed(firstField(fields, "content-encoding")),
    content: ok ? "messages" : "error",
    endFlag: 0,
    readEnd(payload) {
      let json: unknown;
      try {
        json = JSON.parse(decodeUtf8Lenient(payload));
      } catch {
        json = undefined;
      }
      const text = `HTTP status ${status} with a malformed Connect error`;
      return {
        error: errorFromJson(json, codeFromHttpStatus(status), text, metadata()),
        trailers: trailers.fields,
      };
    },
    finish: () => ({ error: ok ? null : bareError(), trailers: trailers.fields }),
  };
}

/** RFC 9110 section 15.4.5: 304 answers a GET that names what the client has, and nothing else. */
function isConditional({ httpMethod, metadata }: RequestFacts): boolean {
  if (httpMethod !== "GET") return false;
  return ["if-none-match", "if-modified-since"].some((name) => firstField(metadata, name) !== undefined);
}

function streamResponse(facts: RequestFacts, status: number, fields: Fields): WireResponse {
  const type = firstField(fields, "content-type");
  const metadata = (): FieldMetadata => FieldMetadata.received(fields);
  return {
    failure:
      status === 200
        ? wrongType(facts, type, readContentType(mediaType(type))?.streaming === true, metadata)
        : bareStatus(
            status,
            "a Connect stream",
            facts.method,
            contentTypeOf(facts.method.kind, facts.format),
            metadata(),
          ),
    trailersOnly: false,
    framing: "envelope",
    encoding: encodingNamed(firstField(fields, "connect-content-encoding")),
    content: "messages",
    endFlag: flagEndStream,
    readEnd: (payload) => readEndStream(payload, fields),
    finish: () => ({
      error: new RpcError("internal", "the response ended without an EndStream message", {
        metadata: metadata(),
      }),
      trailers: [],
    }),
  };
}

function wrongType(
  facts: RequestFacts,
  type: string | undefined,
  sameProtocol: boolean,
  metadata: () => FieldMetadata,
): RpcError | null {
  const expected = contentTypeOf(facts.method.kind, facts.format);
  if (mediaType(type) === expected) return null;
  return new RpcError(
    sameProtocol ? "internal" : "unknown",
    `response content-type ${JSON.stringify(shortened(type ?? "", 64))} is not ${expected}`,
    { metadata: metadata() },
  );
}
