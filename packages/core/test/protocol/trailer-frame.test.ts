// PROTOCOL 5 "trailers are an envelope with flag bit 7".
import { expect, test } from "vitest";
import { grpcWebClient } from "../../src/protocol/grpc-web/client.ts";
import type { RequestFacts } from "../../src/protocol/client-protocol.ts";
import { readTrailerBlock, trailerFrame } from "../../src/protocol/grpc-web/trailer-frame.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("trailers are written as a header block, without a blank line at its end", () => {
  const block = "grpc-status: 0\r\nx: 1\r\nx: 2\r\n";
  expect([...trailerFrame(["grpc-status", "0", "x", "1", "x", "2"])]).toEqual([
    0x80,
    0,
    0,
    0,
    block.length,
    ...utf8(block),
  ]);
});

test.each<readonly [string, readonly string[]]>([
  ["", []],
  ["\r\n", []],
  ["a: b", ["a", "b"]],
  ["a:b\r\n", ["a", "b"]],
  ["a: b\r\n\r\n", ["a", "b"]],
  ["A-B:  c d \r\n", ["a-b", "c d"]],
  ["a: 1\na: 2\n", ["a", "1", "a", "2"]],
  ["a: b:c\r\n", ["a", "b:c"]],
  ["a:\r\n", ["a", ""]],
])("%j is read", (block, fields) => {
  expect(readTrailerBlock(utf8(block))).toEqual(fields);
});

test.each(["a", ": b", "a: b\r\nnonsense\r\n", "a: b\r\n:\r\n"])("%j is malformed", (block) => {
  expect(readTrailerBlock(utf8(block))).toBeNull();
});

test("what is not UTF-8 is read all the same", () => {
  expect(readTrailerBlock(Uint8Array.of(0x61, 0x3a, 0xff))).toEqual(["a", "\uFFFD"]);
});

test("trailers of more than 2048 fields are refused, as a head with them would be", () => {
  const head = ["content-type", "application/grpc-web+proto", "h", "0"];
  const response = grpcWebClient.response({ format: "proto" } as RequestFacts, 200, head);
  const block = (count: number): Uint8Array => utf8(`grpc-status: 10\r\n${"a: 1\r\n".repeat(count - 1)}`);
  expect(response.readEnd(block(2048)).error?.code).toBe("aborted");
  const { error, trailers } = response.readEnd(block(500_000));
  expect(error).toMatchObject({
    code: "resource_exhausted",
    message: "the gRPC-Web trailers are more than 2048 fields",
    isRemote: false,
  });
  expect([...(error?.metadata ?? [])]).toEqual([["h", "0"]]);
  expect(trailers).toEqual([]);
});
