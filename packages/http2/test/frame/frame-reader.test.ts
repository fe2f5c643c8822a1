import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Flag } from "../../src/frame/frame-type.ts";
import {
  bytesOf,
  continuation,
  data,
  frame,
  type Frame,
  goaway,
  headers,
  padded,
  ping,
  rstStream,
  settings,
  windowUpdate,
} from "../support/frames.ts";
import { concat } from "../hpack/support.ts";
import { read } from "./recorded-frames.ts";

/** As they come, and as they are told: without padding. */
const golden: readonly [string, Frame[], Frame[]?][] = [
  [
    "frames without a payload",
    [settings(), data(1, ""), frame(0xfe, 0, 0), data(3, "", "END_STREAM"), settings()],
  ],
  [
    "frames of each kind",
    [settings({ MAX_FRAME_SIZE: 16_384 }), ping("12345678"), goaway(7, "NO_ERROR", "bye")],
  ],
  [
    "a message",
    [headers(1, [":status", "200"]), data(1, "hello"), data(1, "!"), headers(1, ["t", "x"], "END_STREAM")],
  ],
  ["a block in parts", [headers(1, ["a", "b"]), continuation(1, "123"), continuation(1, "", "END_HEADERS")]],
  ["a large stream's number", [windowUpdate(0x7fffffff, 0x7fffffff), rstStream(0x7fffffff, "CANCEL")]],
  [
    "padding",
    [
      padded(data(1, "abc"), 4),
      padded(data(1, ""), 0),
      padded(data(1, ""), 3),
      padded(data(1, "x"), 0),
      data(1, "y"),
    ],
    ["abc", "", "", "x"].map((text) => data(1, text, "PADDED")).concat(data(1, "y")),
  ],
];

describe("a frame reader", () => {
  test.each(golden)("tells the same of %s, wherever the stream is cut", (_, frames, told = frames) => {
    const bytes = bytesOf(...frames);
    const whole = read([bytes]);
    expect(whole.frames).toEqual(told);
    const ofData = frames.filter(({ type }) => type === 0);
    expect(whole.lengths).toEqual(ofData.map(({ payload }) => payload.length));
    for (let cut = 0; cut <= bytes.length; cut++) {
      for (let second = cut; second <= bytes.length; second += 5) {
        const parts = [bytes.subarray(0, cut), bytes.subarray(cut, second), bytes.subarray(second)];
        expect(read(parts)).toEqual(whole);
      }
    }
    expect(read([...bytes].map((octet) => Uint8Array.of(octet)))).toEqual(whole);
  });

  test("tells any frames as they were, in chunks of any lengths", () => {
    const payload = fc.uint8Array({ maxLength: 3000, size: "max" });
    const anyFrame = fc
      .tuple(fc.nat(16), fc.nat(255), fc.nat(0x7fffffff), payload)
      .map(([type, flags, stream, bytes]) =>
        frame(type, type === 0 ? flags & ~Flag.PADDED : flags, stream, bytes),
      );
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(2000)), (frames, lengths) => {
        const chunks: Uint8Array[] = [];
        let rest = bytesOf(...frames);
        for (const length of lengths) {
          chunks.push(rest.subarray(0, length));
          rest = rest.subarray(length);
        }
        expect(read([...chunks, rest]).frames).toEqual(frames);
      }),
      { numRuns: 100 },
    );
  });

  test("passes DATA on as it comes, before the frame is complete", () => {
    const bytes = bytesOf(data(1, "hello"));
    const { frames, lengths } = read([bytes.subarray(0, 12)]);
    expect([frames, lengths]).toEqual([[], [5]]);
  });

  test("ignores the reserved bit", () => {
    expect(read([bytesOf(frame(6, 0, 0x80000005, "x"))]).frames).toEqual([frame(6, 0, 5, "x")]);
  });

  test.each([0, 1, 5, 9, 15])(
    "stops at a frame that is too long, known by its header: in parts of %d",
    (length) => {
      const bytes = concat(
        bytesOf(ping("12345678")),
        Uint8Array.of(0, 0x40, 1, 0, 0, 0, 0, 0, 9),
        new Uint8Array(20),
      );
      const parts = [bytes.subarray(0, 17 + length), bytes.subarray(17 + length)];
      const { frames, wrong } = read(parts);
      expect(frames).toEqual([ping("12345678")]);
      expect(wrong).toBe("too long: type 0, stream 9, 16385 octets");
    },
  );

  test("takes a frame that is as long as it may be", () => {
    const long = frame(0xfe, 0, 1, new Uint8Array(100).fill(7));
    expect(read([bytesOf(long)], 100).frames).toEqual([long]);
    expect(read([bytesOf(long)], 99).wrong).toBe("too long: type 254, stream 1, 100 octets");
  });

  test.each([
    ["as long as what is left", frame(0, Flag.PADDED, 1, Uint8Array.of(3, 1, 2)), "too much padding"],
    ["longer than what is left", frame(0, Flag.PADDED, 1, Uint8Array.of(255)), "too much padding"],
    ["without its length", frame(0, Flag.PADDED, 1), "no pad length"],
  ])("stops at padding %s", (_, wrong, expected) => {
    const bytes = bytesOf(wrong, ping("12345678"));
    for (let cut = 0; cut <= bytes.length; cut++) {
      const recorded = read([bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(recorded.wrong).toBe(expected);
      expect(recorded.frames).toEqual([]);
    }
  });
});
