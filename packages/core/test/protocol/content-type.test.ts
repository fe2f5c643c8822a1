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

const nothing = (characters: number): string => " ".repeat(characters);

test.each([
  ["the 32nd member", ["x,".repeat(31) + "gzip"], true],
  ["the 33rd member", ["x,".repeat(32) + "gzip"], false],
  ["the 33rd, behind members that are empty", [",".repeat(32) + "gzip"], false],
  ["the 33rd, in a field of its own", [...Array.from({ length: 32 }, () => "x"), "gzip"], false],
  ["a member that ends with the 1024th character", [`x,${nothing(1018)}gzip`], true],
  ["that, and another behind it", [`x,${nothing(1018)}gzip,br`], true],
  ["a member that ends behind it", [`x,${nothing(1019)}gzip`], false],
  ["a member that is cut there, into this one", [`x,${nothing(1018)}gzip2`], false],
  ["the only member, cut there", [`${nothing(1020)}gzip2`], false],
  ["a member whose weight of 0 is cut off", [`x,${nothing(1018)}gzip;q=0`], false],
  ["a member behind 1024 characters in other fields", [nothing(1000), nothing(24), "gzip"], false],
])("of a long list, %s is seen or not", (_what, values, seen) => {
  const fields = values.flatMap((value) => ["accept-encoding", value]);
  expect(listField(fields, "accept-encoding").includes("gzip")).toBe(seen);
});

test("a list in several fields is one", () => {
  expect(listField(["a", "x", "b", "y", "a", "z"], "a")).toEqual(["x", "z"]);
});
