import { describe, expect, test } from "vitest";
import { defaultLimits, type LimitOptions, limitsFrom } from "../src/limits.ts";

describe("limits", () => {
  test("are the defaults, but for what is given", () => {
    expect(limitsFrom()).toEqual(defaultLimits);
    const given = { connectionWindowBytes: 65_535, drainBytes: 0, maxStreamWindowBytes: undefined };
    expect(limitsFrom(given)).toEqual({ ...defaultLimits, connectionWindowBytes: 65_535, drainBytes: 0 });
  });

  test.each<[string, LimitOptions, string]>([
    [
      "a window of the connection that is smaller than it is at first",
      { connectionWindowBytes: 65_534 },
      "limits.connectionWindowBytes is 65534: it must be a whole number from 65535 to 2147483647 (a connection's window is that large at first, and only grows: RFC 9113 section 6.9.2)",
    ],
    [
      "a stream's first window that is larger than its largest",
      { streamWindowBytes: 20_000_000 },
      "limits.streamWindowBytes is 20000000: it must be no more than limits.maxStreamWindowBytes, which is 16777216",
    ],
    [
      "a largest window that is smaller than the first",
      { maxStreamWindowBytes: 1_000 },
      "limits.streamWindowBytes is 65535: it must be no more than limits.maxStreamWindowBytes, which is 1000",
    ],
    [
      "frames that are smaller than any peer may send",
      { maxFrameBytes: 16_383 },
      "limits.maxFrameBytes is 16383: it must be a whole number from 16384 to 16777215 (RFC 9113 section 4.2)",
    ],
    [
      "no streams",
      { maxConcurrentStreams: 0 },
      "limits.maxConcurrentStreams is 0: it must be a whole number from 1 to 2147483647",
    ],
    [
      "half a second",
      { drainMs: 0.5 },
      "limits.drainMs is 0.5: it must be a whole number from 0 to 2147483647",
    ],
  ])("cannot be %s", (_, given, text) => {
    expect(() => limitsFrom(given)).toThrow(new TypeError(text));
  });

  test("cannot be others", () => {
    expect(() => limitsFrom({ maxFrames: 1 } as LimitOptions)).toThrow(
      /^limits.maxFrames is not known: there are maxFrameBytes, /,
    );
  });
});
