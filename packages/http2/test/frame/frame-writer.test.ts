import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { Flag, FrameType } from "../../src/frame/frame-type.ts";
import { FrameWriter } from "../../src/frame/frame-writer.ts";
import { Setting } from "../../src/settings.ts";
import {
  data,
  frame,
  type Frame,
  goaway,
  ping,
  pingAck,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from "../support/frames.ts";
import { concat, octets } from "../hpack/support.ts";
import { read } from "./recorded-frames.ts";

function written(write: (writer: FrameWriter) => void, maxLength?: number): Frame[] {
  const writer = new FrameWriter();
  write(writer);
  const { size } = writer;
  const bytes = concat(...writer.take());
  expect(bytes).toHaveLength(size);
  expect(writer.size).toBe(0);
  return read([bytes], maxLength).frames;
}

function writeBlock(writer: FrameWriter, block: Uint8Array, endStream: boolean, maxFrameSize: number): void {
  const at = writer.openHeaders(block.length + 50);
  writer.buffer.set(block, at);
  writer.closeHeaders(3, at + block.length, endStream, maxFrameSize);
}

const anyBytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7);

describe("a frame writer", () => {
  test("writes what a reader reads", () => {
    const frames = written((writer) => {
      writer.settings([
        [Setting.INITIAL_WINDOW_SIZE, 0x7fffffff],
        [Setting.MAX_FRAME_SIZE, 0x12345678],
      ]);
      writer.settings([]);
      writer.settingsAck();
      writer.ping(octets("12345678"), 0, false);
      writer.ping(octets("xx12345678"), 2, true);
      writer.rstStream(0x7fffffff, ErrorCode.CANCEL);
      writer.windowUpdate(0, 1);
      writer.windowUpdate(5, 0x7fffffff);
      writer.goaway(0x7fffffff, ErrorCode.NO_ERROR, octets(""));
      writer.goaway(1, ErrorCode.ENHANCE_YOUR_CALM, octets("why"));
      writer.data(1, octets("__hello__"), 2, 7, false);
      writer.data(1, octets(""), 0, 0, true);
    });
    expect(frames).toEqual([
      settings({ INITIAL_WINDOW_SIZE: 0x7fffffff, MAX_FRAME_SIZE: 0x12345678 }),
      settings(),
      settingsAck,
      ping("12345678"),
      pingAck("12345678"),
      rstStream(0x7fffffff, "CANCEL"),
      windowUpdate(0, 1),
      windowUpdate(5, 0x7fffffff),
      goaway(0x7fffffff, "NO_ERROR"),
      goaway(1, "ENHANCE_YOUR_CALM", "why"),
      data(1, "hello"),
      data(1, "", "END_STREAM"),
    ]);
  });

  test.each([0, 1, 48, 49, 4095, 4096, 16_384, 70_000])("writes DATA of %d octets as it is", (length) => {
    const bytes = anyBytes(length);
    const frames = written((writer) => {
      writer.ping(octets("before.."), 0, false);
      writer.data(1, concat(octets("__"), bytes, octets("_")), 2, 2 + length, false);
      writer.ping(octets("behind.."), 0, false);
    }, 100_000);
    expect(frames).toEqual([ping("before.."), data(1, bytes), ping("behind..")]);
  });

  test("does not copy a large payload", () => {
    const writer = new FrameWriter();
    const chunk = anyBytes(16_384);
    writer.data(1, chunk, 0, chunk.length, false);
    expect(writer.take().some((part) => part.buffer === chunk.buffer)).toBe(true);
  });

  test("leaves what it has handed on as it is", () => {
    const writer = new FrameWriter();
    writer.ping(octets("first..."), 0, false);
    const first = writer.take();
    const before = concat(...first);
    for (let i = 0; i < 1000; i++) writer.ping(octets("others.."), 0, false);
    expect(concat(...first)).toEqual(before);
    expect(read(writer.take()).frames).toEqual(Array.from({ length: 1000 }, () => ping("others..")));
  });

  test.each([0, 1, 99, 100])(
    "sections 6.2 and 6.10: a block of %d octets is one frame of at most 100",
    (length) => {
      const block = anyBytes(length);
      expect(written((writer) => writeBlock(writer, block, true, 100))).toEqual([
        frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 3, block),
      ]);
    },
  );

  test.each([
    [101, [100, 1]],
    [200, [100, 100]],
    [250, [100, 100, 50]],
  ])("a block of %d octets is HEADERS and CONTINUATION, in frames of at most 100", (length, lengths) => {
    const block = anyBytes(length);
    const frames = written((writer) => {
      writer.ping(octets("before.."), 0, false);
      writeBlock(writer, block, true, 100);
      writer.ping(octets("behind.."), 0, false);
    });
    expect([frames.shift(), frames.pop()]).toEqual([ping("before.."), ping("behind..")]);
    expect(frames.map(({ payload }) => payload.length)).toEqual(lengths);
    expect(concat(...frames.map(({ payload }) => payload))).toEqual(block);
    const flags = frames.map((each) => each.flags);
    expect(flags[0]).toBe(Flag.END_STREAM);
    expect(flags.at(-1)).toBe(Flag.END_HEADERS);
    expect(
      frames.every(({ type }, i) => type === (i === 0 ? FrameType.HEADERS : FrameType.CONTINUATION)),
    ).toBe(true);
  });

  test("begins with bytes that are no frame", () => {
    const writer = new FrameWriter();
    writer.raw(octets("preface"));
    writer.settingsAck();
    expect(concat(...writer.take()).subarray(0, 7)).toEqual(octets("preface"));
  });
});
