// PROTOCOL 4 "grpc-message: percent-encode ...; decode leniently, never throw".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { percentDecode, percentEncode } from "../../src/protocol/grpc/percent.ts";

test("every text comes back as it was, and travels as printable ASCII", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const encoded = percentEncode(text);
      expect(encoded).toMatch(/^[\x20-\x7e]*$/);
      expect(percentDecode(encoded)).toBe(text);
    }),
  );
});

test.each([
  ["plain text, with ~ and blanks", "plain text, with ~ and blanks"],
  ["100%", "100%25"],
  ["a\r\nb", "a%0D%0Ab"],
  ["\u007f", "%7F"],
  ["ü", "%C3%BC"],
  ["日", "%E6%97%A5"],
  ["💥", "%F0%9F%92%A5"],
])("%j is written as %s", (text, encoded) => {
  expect(percentEncode(text)).toBe(encoded);
});

test("half a surrogate pair is written as U+FFFD", () => {
  expect(percentDecode(percentEncode("a\ud800b"))).toBe("a\uFFFDb");
});

test.each([
  ["%", "%"],
  ["%4", "%4"],
  ["a%", "a%"],
  ["%zz", "%zz"],
  ["%4z", "%4z"],
  ["%%41", "%A"],
  ["%e6%97%a5", "日"],
  ["%C3", "\uFFFD"],
  ["%C3%28", "\uFFFD("],
  ["%FF%FE", "\uFFFD\uFFFD"],
  ["ü%41", "üA"],
])("%j is read as %j", (text, decoded) => {
  expect(percentDecode(text)).toBe(decoded);
});

test("anything at all is read without an error", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("%", "4", "1", "C", "3", "ü", "\0", "z")), (parts) => {
      expect(typeof percentDecode(parts.join(""))).toBe("string");
    }),
  );
});
