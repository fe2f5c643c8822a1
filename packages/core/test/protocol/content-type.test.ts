// PROTOCOL 1, 3, 4 and 5: content types; 1 "accept-encoding ... ordered list, no q-values needed (tolerate them)".
import { expect, test } from "vitest";
import { contentTypeOf, readContentType } from "../../src/protocol/connect/content-type.ts";
import { listField, mediaType } from "../../src/protocol/fields.ts";
import { formatOf } from "../../src/protocol/grpc/content-type.ts";

test.each([
  [undefined, ""],
  ["", ""],
  ["application/json", "application/json"],
  ["application/json; charset=utf-8", "application/json"],
  ["application/json;charset=utf-8", "application/json"],
  ["Application/JSON ; x=y", "application/json"],
  [" application/proto\t", "application/proto"],
  [";", ""],
])("the media type of %j is %j", (value, type) => {
  expect(mediaType(value)).toBe(type);
});

test("what is written is read again", () => {
  for (const format of ["proto", "json"] as const) {
    expect(readContentType(contentTypeOf("unary", format))).toEqual({ format, streaming: false });
    for (const kind of ["server_streaming", "client_streaming", "bidi_streaming"] as const)
      expect(readContentType(contentTypeOf(kind, format))).toEqual({ format, streaming: true });
  }
});

test.each([
  "",
  "text/html",
  "application/",
  "application/xml",
  "application/grpc",
  "application/grpc+proto",
  "application/protobuf",
  "json",
])("%j is not Connect's", (type) => {
  expect(readContentType(type)).toBeNull();
});

test.each(["application/connect+", "application/connect+thrift", "application/connect+json2"])(
  "%j is a stream in a codec that is none",
  (type) => {
    expect(readContentType(type)).toEqual({ format: null, streaming: true });
  },
);

test.each([
  ["application/grpc", "proto"],
  ["application/grpc+proto", "proto"],
  ["application/grpc+json", "json"],
  ["application/grpc+", null],
  ["application/grpc+thrift", null],
  ["application/grpc-web", undefined],
  ["application/grpc-web+proto", undefined],
  ["application/grpcx", undefined],
  ["application/json", undefined],
])("as gRPC, %j is %j", (type, format) => {
  expect(formatOf(type, "application/grpc")).toBe(format);
});

test.each([
  ["gzip", ["gzip"]],
  ["gzip,br", ["gzip", "br"]],
  [" GZIP ;q=0.5 , ,br;q=1.0,", ["gzip", "br"]],
  ["", []],
  [",;,", []],
  ["gzip;q=0, br;q=0.0 ,zstd; Q=0.000,deflate;q=0.001", ["deflate"]],
])("the list %j is %j", (value, members) => {
  expect(listField(["accept-encoding", value], "accept-encoding")).toEqual(members);
});

test("a list in several fields is one", () => {
  expect(listField(["a", "x", "b", "y", "a", "z"], "a")).toEqual(["x", "z"]);
});
