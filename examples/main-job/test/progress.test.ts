import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { describe as describeCarriage } from "../src/carriages.ts";
import { ProgressLine, progressOf } from "../src/progress.ts";

const over = describeCarriage({ protocol: "grpc", codec: "json", httpVersion: "2" });

function streamThat(isTTY: boolean): {
  readonly stream: Writable & { isTTY: boolean };
  readonly text: () => string;
} {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => text };
}

test("progress is told without the spaces that align the table's columns", () => {
  expect(over).toContain("  ");
  expect(progressOf({ what: "unary: Greet, Stat", over }, 2, 12)).toBe(
    "3 of 12: unary: Greet, Stat, gRPC json HTTP/2",
  );
});

test("a terminal's line is rewritten in place, and empty in the end", () => {
  const { stream, text } = streamThat(true);
  const line = new ProgressLine(stream);
  line.show("one");
  line.clear();
  expect(text()).toBe("\r\x1b[Kone\r\x1b[K");
});

test("where nobody watches nothing is written", () => {
  const { stream, text } = streamThat(false);
  new ProgressLine(stream).show("one");
  expect(text()).toBe("");
});
