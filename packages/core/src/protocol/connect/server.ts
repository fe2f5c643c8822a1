import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { httpStatusFromCode } from "../../code.ts";
import { isNotModified, RpcError } from "../../error.ts";
import type { Method } from "../../method.ts";
import { shortened } from "../../shortened.ts";
import { acceptedEncodings, encodingNamed } from "../encoding.ts";
import type { Format } from "../format.ts";
import type {
  HttpRefusal,
  IncomingRequest,
  ServerProtocol,
  WholeReply,
  WireCall,
} from "../server-protocol.ts";
import { parseConnectTimeout, readTimeout } from "../timeout.ts";
import { encodeUtf8 } from "../utf8.ts";
import { contentTypeOf, readContentType } from "./content-type.ts";
import { endStreamFrame } from "./end-stream.ts";
import { errorToJson } from "./error-json.ts";
import { allowsGet, readQuery } from "./get.ts";
import { prefixTrailers } from "./trailer-prefix.ts";

/** Connect, server side: unary by POST and GET, and streams. */
export const connectServer: ServerProtocol = {
  name: "connect",
  verbs: (method) => (allowsGet(method) ? ["GET", "POST"] : ["POST"]),
  mediaTypes: (method) => [contentTypeOf(method.kind, "proto"), contentTypeOf(method.kind, "json")],
  accept(request) {
    const { method, head } = request;
    if (head.method === "GET") return acceptGet(request);
    if (head.method !== "POST") return null;
    const type = readContentType(request.mediaType);
    if (type === null || type.format === null) return null;
    if (method !== undefined && type.streaming !== (method.kind !== "unary")) return null;
    return type.streaming ? streamCall(request, type.format) : postCall(request, type.format);
  },
};

function acceptGet(request: IncomingRequest): WireCall | HttpRefusal | null {
  const { method, head } = request;
  const query = readQuery(head.query);
  if (method === undefined) {
    return query.version === "v1"
      ? getCall(request, query.encoding === "json" ? "json" : "proto", query)
      : null;
  }
  if (!allowsGet(method)) return null;
  const format = query.encoding;
  // A body on a GET, or a codec that is not known, is a request in a form that is not supported.
  const length = firstField(head.fields, "content-length");
  const hasBody =
    (length !== undefined && length !== "0") || firstField(head.fields, "transfer-encoding") !== undefined;
  if (hasBody || (format !== undefined && format !== "proto" && format !== "json")) {
    return unsupportedGet(method);
  }
  return getCall(request, format === "json" ? "json" : "proto", query);
}

function unsupportedGet(method: Method): HttpRefusal {
  const text = "a GET has its message in the query, encoding=proto or encoding=json, and no body";
  return { status: 415, fields: ["accept-post", connectServer.mediaTypes(method).join(", ")], text };
}

function getCall(request: IncomingRequest, format: Format, query: ReturnType<typeof readQuery>): WireCall {
  const call = unaryCall(request, format, query.compression);
  const refusal =
    query.encoding === undefined
      ? new RpcError("invalid_argument", 'the query lacks "encoding": use proto or json')
      : query.message === null
        ? new RpcError("invalid_argument", 'the query lacks a "message", or it is not base64 though base64=1')
        : query.version !== undefined && query.version !== "v1"
          ? new RpcError(
              "invalid_argument",
              `query parameter connect=${JSON.stringify(shortened(query.version, 32))} is not v1`,
            )
          : query.version === undefined && request.requireConnectProtocolHeader
            ? new RpcError("invalid_argument", "the query lacks connect=v1")
            : null;
  const bodyRefusal = request.method === undefined ? null : unsupportedGet(request.method);
  return { ...call, message: query.message, bodyRefusal, refusal: call.refusal ?? refusal };
}

function postCall(request: IncomingRequest, format: Format): WireCall {
  const call = unaryCall(request, format, encodingNamed(firstField(request.head.fields, "content-encoding")));
  return { ...call, refusal: call.refusal ?? versionRefusal(request) };
}

function unaryCall(request: IncomingRequest, format: Format, encoding: string | null): WireCall {
  const { fields } = request.head;
  const timeout = readTimeout(firstField(fields, "connect-timeout-ms"), parseConnectTimeout);
  return {
    protocol: "connect",
    format,
    framing: "body",
    text: false,
    encoding,
    acceptEncodingName: "accept-encoding",
    acceptEncodings: () => acceptedEncodings(fields, "accept-encoding", encoding),
    timeoutMs: timeout.timeoutMs,
    message: null,
    bodyRefusal: null,
    refusal: timeout.refusal,
    respond(headers, contentEncoding, trailers) {
      const head = ["content-type", contentTypeOf("unary", format)];
      if (contentEncoding !== null) head.push("content-encoding", contentEncoding);
      head.push(...variation(request), ...headers, ...prefixTrailers(trailers));
      return { status: 200, fields: head };
    },
    cut: () => null,
    end: () => ({ frame: null, trailers: null }),
    fail: (error, headers, trailers) => failure(request, error, [...headers, ...prefixTrailers(trailers)]),
  };
}

/** A cache may keep the answer to a GET: what it depends on beside the URL (RFC 9110 section 12.5.5). */
function variation(request: IncomingRequest): Fields {
  return request.head.method === "GET" ? ["vary", "accept-encoding"] : [];
}

function failure(request: IncomingRequest, error: RpcError, given: Fields): WholeReply {
  const fields = [...variation(request), ...given];
  if (request.head.method === "GET" && isNotModified(error)) {
    return { status: 304, fields, body: null, trailers: null };
  }
  // A method that does not exist is a URL that does not exist.
  const status = request.method === undefined ? 404 : httpStatusFromCode(error.code);
  return {
    status,
    fields: ["content-type", "application/json", ...fields],
    body: encodeUtf8(JSON.stringify(errorToJson(error))),
    trailers: null,
  };
}

function streamCall(request: IncomingRequest, format: Format): WireCall {
  const { fields } = request.head;
  const encoding = encodingNamed(firstField(fields, "connect-content-encoding"));
  const timeout = readTimeout(firstField(fields, "connect-timeout-ms"), parseConnectTimeout);
  const head = (headers: Fields, contentEncoding: string | null): string[] => {
    const own = ["content-type", `application/connect+${format}`];
    if (contentEncoding !== null) own.push("connect-content-encoding", contentEncoding);
    own.push(...headers);
    return own;
  };
  return {
    protocol: "connect",
    format,
    framing: "envelope",
    text: false,
    encoding,
    acceptEncodingName: "connect-accept-encoding",
    acceptEncodings: () => acceptedEncodings(fields, "connect-accept-encoding", encoding),
    timeoutMs: timeout.timeoutMs,
    message: null,
    bodyRefusal: null,
    refusal: timeout.refusal ?? versionRefusal(request),
    respond: (headers, contentEncoding) => ({ status: 200, fields: head(headers, contentEncoding) }),
    cut: () => null,
    end: (error, trailers) => ({ frame: endStreamFrame(error, trailers), trailers: null }),
    fail: (error, headers, trailers) => ({
      status: 200,
      fields: head(headers, null),
      body: endStreamFrame(error, trailers),
      trailers: null,
    }),
  };
}

function versionRefusal(request: IncomingRequest): RpcError | null {
  const version = firstField(request.head.fields, "connect-protocol-version");
  if (version === undefined) {
    return request.requireConnectProtocolHeader
      ? new RpcError("invalid_argument", "the request lacks connect-protocol-version: 1")
      : null;
  }
  return version === "1"
    ? null
    : new RpcError(
        "invalid_argument",
        `connect-protocol-version ${JSON.stringify(shortened(version, 32))} is not 1`,
      );
}
