import { describe, expect, test } from "vitest";
import { checkedLimits } from "../src/checked-limits.ts";
import { type LimitOptions, limitsFrom } from "../src/limits.ts";

describe("limits", () => {
  test("are the defaults, but for what is given", () => {
    const limits = checkedLimits({ bytes: 1, ms: 2 }, { ms: 3, bytes: undefined }, {});
    expect(limits).toEqual({ bytes: 1, ms: 3 });
  });

  test.each([
    [{ bytes: 0 }, "limits.bytes is 0: it must be a whole number from 1 to 2147483647"],
    [{ bytes: 2 ** 31 }, "limits.bytes is 2147483648: it must be a whole number from 1 to 2147483647"],
    [{ bytes: "1" }, 'limits.bytes is "1": it must be a whole number from 1 to 2147483647'],
    [{ ms: 7 }, "limits.ms is 7: it must be a whole number from 0 to 5"],
    [{ s: 1 }, "limits.s is not known: there are bytes, ms"],
    [[1], "limits is an array: it must be an object, such as { maxConcurrentStreams: 100 }"],
    [null, "limits is null: it must be an object, such as { maxConcurrentStreams: 100 }"],
  ])("%j are refused by name, value and range", (given, text) => {
    expect(() => checkedLimits({ bytes: 1, ms: 2 }, given, { ms: { least: 0, most: 5 } })).toThrow(
      new TypeError(text),
    );
  });

  test.each<LimitOptions>([
    { maxFrameBytes: 16_384 },
    { maxFrameBytes: 16_777_215 },
    { drainBytes: 0, drainMs: 0 },
    { idleTimeoutMs: 2 ** 31 - 1 },
    { streamWindowBytes: 70_000, maxStreamWindowBytes: 70_000 },
    { connectionWindowBytes: 65_535 },
  ])("of a connection, %j is taken: the ends are in the range", (given) => {
    expect(limitsFrom(given)).toMatchObject(given);
  });

  test.each<[LimitOptions, string]>([
    [{ maxFrameBytes: 16_383 }, "16384 to 16777215"],
    [{ maxFrameBytes: 16_777_216 }, "16384 to 16777215"],
    [{ drainMs: -1 }, "0 to 2147483647"],
  ])("of a connection, %j is out of its range", (given, range) => {
    expect(() => limitsFrom(given)).toThrow(range);
  });
});
