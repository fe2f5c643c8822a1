import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Backlog } from "../src/backlog.ts";
import { concat, octets } from "./hpack/support.ts";

/** Takes so many bytes out, chunk by chunk. */
function take(backlog: Backlog, most: number): Uint8Array {
  const taken: Uint8Array[] = [];
  for (let left = most; left > 0 && backlog.bytes > 0;) {
    const { chunk, at } = backlog;
    const bytes = Math.min(left, chunk.length - at);
    taken.push(chunk.subarray(at, at + bytes));
    backlog.advance(bytes);
    left -= bytes;
  }
  return concat(...taken);
}

describe("a backlog", () => {
  test("gives what was put in, in its order, from where each chunk begins", () => {
    const backlog = new Backlog();
    backlog.push(octets("__abc"), 2);
    backlog.push(octets("done"), 4);
    backlog.push(octets("de"), 0);
    expect(backlog.bytes).toBe(5);
    expect(take(backlog, 2)).toEqual(octets("ab"));
    backlog.push(octets("f"), 0);
    expect(take(backlog, 100)).toEqual(octets("cdef"));
    expect(backlog.bytes).toBe(0);
  });

  test("of many chunks, most of which are gone", () => {
    const backlog = new Backlog();
    const chunk = (i: number): Uint8Array => Uint8Array.of(i, i + 1);
    for (let i = 0; i < 200; i++) backlog.push(chunk(i), 0);
    take(backlog, 2 * 150 + 1);
    backlog.push(octets("last"), 0);
    const rest = Array.from({ length: 49 }, (_, i) => chunk(151 + i));
    expect(take(backlog, 1000)).toEqual(concat(Uint8Array.of(151), ...rest, octets("last")));
  });

  test("whatever goes in and out between", () => {
    const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.nat(30)), {
      maxLength: 400,
      size: "max",
    });
    fc.assert(
      fc.property(steps, (steps) => {
        const backlog = new Backlog();
        let expected: Uint8Array = new Uint8Array(0);
        for (const step of steps) {
          if (typeof step === "number") {
            expect(take(backlog, step)).toEqual(expected.subarray(0, step));
            expected = expected.subarray(step);
          } else {
            backlog.push(step, 0);
            expected = concat(expected, step);
          }
          expect(backlog.bytes).toBe(expected.length);
        }
      }),
      { numRuns: 50 },
    );
  });
});
