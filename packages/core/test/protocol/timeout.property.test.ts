// PROTOCOL 1 "connect-timeout-ms", 4 "grpc-timeout: at most 8 digits and a unit".
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RpcError } from "../../src/error.ts";
import {
  parseConnectTimeout,
  parseGrpcTimeout,
  printConnectTimeout,
  printGrpcTimeout,
} from "../../src/protocol/timeout.ts";

describe.each([
  ["connect-timeout-ms", printConnectTimeout, parseConnectTimeout, /^\d{1,10}$/, 9_999_999_999],
  ["grpc-timeout", printGrpcTimeout, parseGrpcTimeout, /^\d{1,8}[HMSmun]$/, 99_999_999 * 3_600_000],
])("%s", (_name, print, parse, grammar, longest) => {
  test("any time left is written within the grammar, and arrives no shorter, unless it is the longest there is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, max: Number.MAX_VALUE }),
          fc.integer(),
          fc.integer({ min: 1e8, max: 1e15 }),
        ),
        (ms) => {
          const text = print(ms);
          expect(text).toMatch(grammar);
          expect(parse(text)).toBeGreaterThanOrEqual(Math.min(ms, longest));
          expect(parse(text)).toBeGreaterThan(0);
        },
      ),
    );
  });

  test("any text is a time or invalid_argument, by the grammar alone", () => {
    const digits = fc.oneof(
      fc.stringMatching(/^[0-9]{0,3}$/),
      fc.stringMatching(/^[0-9]{8,9}$/),
      fc.stringMatching(/^[0-9]{10,11}$/),
    );
    const near = fc
      .tuple(digits, fc.constantFrom("", "", "H", "M", "S", "m", "u", "n", "h", " ", "-"))
      .map((all) => all.join(""));
    fc.assert(
      fc.property(
        fc.oneof({ arbitrary: near, weight: 8 }, fc.string(), fc.string({ unit: "binary" })),
        (text) => {
          if (grammar.test(text)) expect(parse(text)).toBeGreaterThanOrEqual(0);
          else
            expect(() => parse(text)).toThrow(
              expect.objectContaining({ code: "invalid_argument" }) as RpcError,
            );
        },
      ),
    );
  });
});
