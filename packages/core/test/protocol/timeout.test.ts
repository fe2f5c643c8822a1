import { describe, expect, test } from "vitest";
import {
  parseConnectTimeout,
  parseGrpcTimeout,
  printConnectTimeout,
  printGrpcTimeout,
} from "../../src/protocol/timeout.ts";

describe.each([
  ["connect-timeout-ms", printConnectTimeout, parseConnectTimeout],
  ["grpc-timeout", printGrpcTimeout, parseGrpcTimeout],
])("%s", (_name, print, parse) => {
  test.each([0.2, 1, 199.001, 199.999, 200, 99_999_999, 99_999_999.5, 3_600_000_001])(
    "for %d ms left, the server's deadline does not come before the client's",
    (ms) => {
      expect(parse(print(ms))).toBeGreaterThanOrEqual(ms);
    },
  );

  test("whole milliseconds arrive as they are", () => {
    expect(parse(print(200))).toBe(200);
  });

  test("a deadline that has passed is a millisecond, not none", () => {
    expect(parse(print(0))).toBe(1);
    expect(parse(print(-5))).toBe(1);
  });
});

test("grpc-timeout keeps to eight digits, in the finest unit from milliseconds up that holds them", () => {
  const left = [99_999_999, 99_999_999.5, 99_999_999_001, 5_999_999_940_001, 1e18];
  expect(left.map(printGrpcTimeout)).toEqual(["99999999m", "100000S", "1666667M", "1666667H", "99999999H"]);
});

test("connect-timeout-ms keeps to ten digits", () => {
  expect(printConnectTimeout(1e12)).toBe("9999999999");
});
