// Header blocks that are small on the wire and large when they are decoded, or large everywhere (RFC 9113 section 10.5.1).
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
} from "../../../../test/support/frames.ts";
import { block } from "../../../../test/support/hpack.ts";
import { post } from "../support/server-script.ts";
import { Target } from "../support/target.ts";

const limits = { maxHeaderBytes: 4_096, maxHeaderFields: 50, maxContinuations: 4 };
/** Literals with indexing, as RFC 7541 section 6.2.1 writes them: the first byte of block()'s is another. */
const indexed = (...fields: string[]): Buffer => {
  const bytes = block(...fields);
  bytes[0] = 0x40;
  return bytes;
};
const head = block(...post);
/** RFC 7541 section 2.3.3: the newest entry of the dynamic table. */
const newest = 0x80 | 62;

function request(stream: number, ...more: Uint8Array[]): Buffer {
  return frame(HEADERS, END_HEADERS | END_STREAM, stream, Buffer.concat([head, ...more]));
}

/** The stream is answered 431, its application hears nothing of it, and the connection goes on. */
function expectTurnedAway(target: Target, stream: number): void {
  const [answer] = target.of(HEADERS, stream);
  expect(answer?.fields?.slice(0, 2)).toEqual([":status", "431"]);
  expect(target.goaway).toBeUndefined();
  const before = target.seen.length;
  target.say(headers(stream + 2, true, ...post));
  expect(target.seen.length).toBe(before + 1);
  expect(target.of(HEADERS, stream + 2)[0]?.fields?.slice(0, 2)).toEqual([":status", "200"]);
}

describe("a header list beyond its limits is answered 431, and costs nobody else anything", () => {
  test("too large", () => {
    const target = Target.open(limits).say(request(1, block("x", "y".repeat(4_096))));
    expect(target.seen).toEqual([]);
    expectTurnedAway(target, 1);
  });

  test("too many fields", () => {
    const target = Target.open(limits).say(request(1, ...Array.from({ length: 60 }, () => block("x", ""))));
    expectTurnedAway(target, 1);
  });

  test("an HPACK bomb: one large entry, and a byte for each time that it comes again", () => {
    const target = Target.open(limits);
    target.say(request(1, indexed("x", "y".repeat(3_000)), Buffer.alloc(12_000, newest)));
    expectTurnedAway(target, 1);
    // 36,000,000 bytes of fields, were they kept.
    expect(target.connection.streams.size).toBe(0);
  });

  test("the bomb in pieces: the entry in one request, its repetitions in others", () => {
    const target = Target.open(limits).say(request(1, indexed("x", "y".repeat(3_000))));
    expect(target.seen.length).toBe(1);
    for (let id = 3; id < 43; id += 2) target.say(request(id, Buffer.alloc(12_000, newest)));
    expect(target.seen.length).toBe(1);
    expectTurnedAway(target, 41);
  });

  test("a table that changes all the time", () => {
    const target = Target.open(limits);
    const entries = Array.from({ length: 40 }, (_, n) => indexed(`x-${n}`, "y".repeat(10)));
    for (let id = 1; id < 201; id += 2) target.say(request(id, ...entries));
    expect(target.seen.length).toBe(100);
    expect(target.goaway).toBeUndefined();
  });
});

describe("a block that cannot be decoded ends the connection with COMPRESSION_ERROR", () => {
  test.each([
    ["an index that there is not", "ff ff ff 7f"],
    ["an integer without an end", "ff ff ff ff ff ff ff ff ff ff ff ff"],
    ["index 0", "80"],
    ["a string that is longer than its block", "00 01 78 7f ff ff 7f 61"],
    ["a table larger than was allowed", "3f e1 ff 7f"],
    ["Huffman with the end of a string in it", "00 01 78 84 ff ff ff ff"],
  ])("%s", (_name, hex) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const target = Target.open().say(
      headers(1, false, ...post),
      frame(HEADERS, END_HEADERS | END_STREAM, 3, bytes),
    );
    expect(target.goaway).toBe(ErrorCode.COMPRESSION_ERROR);
    expect(target.seen[0]!.fault).toMatchObject({ by: "transport", kind: "truncated" });
  });
});

test("a block in many frames may be no larger than what is decoded of it at most", () => {
  const target = Target.open({ ...limits, maxContinuations: 1_000 });
  target.say(frame(HEADERS, END_STREAM, 1, head));
  const count = target.flood(100, () => frame(CONTINUATION, 0, 1, Buffer.alloc(16_000, newest)));
  expect(count).toBe(5);
  expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
});
