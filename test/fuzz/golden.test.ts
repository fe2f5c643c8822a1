// PROTOCOL 3 to 5: however the bytes of an exchange are cut, or joined, it is the same exchange.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { said } from "../support/answer.ts";
import { seedFolder } from "./corpus.ts";
import { readHeadText } from "./targets/head-text.ts";
import { ask } from "./targets/request.ts";
import { receive } from "./targets/response.ts";

/** A seed; its body cut at every place, into single bytes, and whole. */
function golden(target: string, name: string): { input: Uint8Array; ways: Uint8Array[][] } {
  const input = new Uint8Array(readFileSync(join(seedFolder(target), name)));
  const { body } = readHeadText(input);
  const inTwo = Array.from(body, (_, at) => [body.slice(0, at), body.slice(at)]);
  return { input, ways: [[body], Array.from(body, (byte) => Uint8Array.of(byte)), ...inTwo] };
}

describe("requests", () => {
  const expected: readonly (readonly [string, string, readonly string[]])[] = [
    ["compressed-without-encoding", "200 internal", []],
    ["connect-bidi", "200 ok", ["\n\x01a", "\n\x01b", "\n\x01c"]],
    ["connect-bidi-half", "200 ok", ['{"greeting":"a"}', '{"greeting":"b"}']],
    ["connect-client-stream", "200 ok", ['{"count":"3"}']],
    ["connect-get-gzip", "200 ok", ["\n\x0bHello, Ada!"]],
    ["connect-get-json", "200 ok", ['{"greeting":"Hello, Ada!"}']],
    ["connect-get-proto", "200 ok", ["\n\x0bHello, Ada!"]],
    ["connect-server-stream", "200 ok", ["\n\x03one", "\n\x03two"]],
    ["connect-unary-empty", "200 ok", ["\n\bHello, !"]],
    ["connect-unary-gzip", "200 ok", ["\n\x0bHello, Ada!"]],
    ["connect-unary-json", "200 ok", ['{"greeting":"Hello, Ada!"}']],
    ["connect-unary-proto", "200 ok", ["\n\x0bHello, Ada!"]],
    ["cut-in-message", "200 invalid_argument", ["\n\x01a"]],
    ["cut-in-prefix", "200 invalid_argument", []],
    ["grpc-bidi", "200 ok", ["\n\x01a", "\n\x01b", ""]],
    ["grpc-client-stream", "200 ok", ["\b\x03"]],
    ["grpc-server-stream", "200 ok", ["\n\x03one", "\n\x03two"]],
    ["grpc-unary", "200 ok", ["\n\x0bHello, Ada!"]],
    ["grpc-unary-gzip", "200 ok", ["\n\x0bHello, Ada!"]],
    ["grpc-unary-json", "200 ok", ['{"greeting":"Hello, Ada!"}']],
    ["grpc-web-server-stream", "200 ok", ['{"greeting":"one"}', '{"greeting":"two"}']],
    ["grpc-web-text", "200 ok", ["\n\x0bHello, Ada!"]],
    ["grpc-web-text-pieces", "200 ok", ["\n\x01a", "\n\x02bb", "\n\x03ccc"]],
    ["grpc-web-unary", "200 ok", ["\n\x0bHello, Ada!"]],
    ["no-message", "200 unimplemented", []],
    ["two-messages", "200 unimplemented", []],
    ["wrong-compression", "500 internal", []],
    ["wrong-encoding", "200 unimplemented", []],
    ["wrong-flags", "200 internal", []],
    ["wrong-message", "400 invalid_argument", []],
    ["wrong-method", "200 unimplemented", []],
    ["wrong-service", "404 refused", []],
    ["wrong-timeout", "400 invalid_argument", []],
    ["wrong-type", "415 refused", []],
    ["wrong-verb", "405 refused", []],
  ];
  test.each(expected)("%s", async (name, outcome, messages) => {
    const { input, ways } = golden("request", name);
    for (const chunks of ways) {
      const { code, answer } = await ask(input, chunks);
      const isCall = answer.status === 200 || answer.headers.get("content-type") === "application/json";
      const heard = isCall ? said(answer) : { code: "refused", messages: [] };
      expect(`${answer.status} ${heard.code}`).toBe(outcome);
      // What ends before it is a call's is nobody's call.
      expect(["none", heard.code]).toContain(code);
      expect(heard.messages.map((bytes) => Buffer.from(bytes).toString("latin1"))).toEqual(messages);
    }
  });
});

describe("responses", () => {
  const expected: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
    ["connect-bidi", "ok", ["a", "b"], []],
    ["connect-client-stream", "ok", ["3"], []],
    ["connect-server-stream", "ok", ["one", "two"], ["x: y", "t: u"]],
    ["connect-server-stream-br", "ok", ["one"], []],
    ["connect-stream-behind-end", "internal", [], []],
    ["connect-stream-cut", "unavailable", ["one"], []],
    ["connect-stream-error", "aborted", ["one"], ["t: u", "b-bin: \x01"]],
    ["connect-stream-no-end", "internal", ["one"], []],
    ["connect-unary", "ok", ["hi"], ["x: y", "x-bin: \x01", "t: u"]],
    ["connect-unary-error", "aborted", [], ["x: y", "t: u"]],
    ["connect-unary-error-gzip", "aborted", [], []],
    ["connect-unary-gzip", "ok", ["hi"], []],
    ["connect-unary-json", "ok", ["hi"], []],
    ["connect-unary-not-found", "unimplemented", [], []],
    ["connect-unary-wrong-codec", "internal", [], []],
    ["grpc-bad-gateway", "unavailable", [], []],
    ["grpc-client-stream", "ok", ["3"], []],
    ["grpc-error", "aborted", ["one"], ["t-bin: \x01"]],
    ["grpc-no-message", "unimplemented", [], []],
    ["grpc-no-status", "unknown", ["one"], ["x: y"]],
    ["grpc-no-trailers", "unknown", ["one"], []],
    ["grpc-reset", "internal", ["one"], []],
    ["grpc-trailers-only", "aborted", [], ["x: y"]],
    ["grpc-two-messages", "unimplemented", [], []],
    ["grpc-unary", "ok", ["hi"], ["x: y", "t: u"]],
    ["grpc-unary-json", "ok", ["hi"], []],
    ["grpc-unary-zstd", "ok", ["hi"], []],
    ["grpc-web-behind-end", "internal", [], []],
    ["grpc-web-broken-trailers", "internal", [], []],
    ["grpc-web-error", "aborted", [""], []],
    ["grpc-web-no-end", "internal", ["one"], []],
    ["grpc-web-server-stream-gzip", "ok", ["one", "two"], []],
    ["grpc-web-trailers-only", "aborted", [], []],
    ["grpc-web-unary", "ok", ["hi"], ["x: y", "t: u"]],
    ["wrong-encoding", "internal", [], []],
    ["wrong-flags", "internal", [], []],
    ["wrong-message", "internal", ["one"], []],
  ];
  test.each(expected)("%s", async (name, outcome, messages, metadata) => {
    const { input, ways } = golden("response", name);
    for (const chunks of ways) {
      const received = await receive(input, chunks);
      expect(received.error?.code ?? "ok").toBe(outcome);
      expect(received.messages).toEqual(messages);
      expect(received.metadata).toEqual(metadata);
    }
  });
});
