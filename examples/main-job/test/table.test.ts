import { PassThrough } from "node:stream";
import { WriteStream } from "node:tty";
import { afterEach, expect, test, vi } from "vitest";
import type { Outcome } from "../src/check.ts";
import { ProgressLine } from "../src/progress.ts";
import { Table } from "../src/table.ts";

afterEach(() => vi.unstubAllEnvs());

const outcomes: readonly Outcome[] = [
  { what: "unary", over: "Connect", ms: 1.2, state: "works", result: "a reply" },
  { what: "unary", over: "gRPC", ms: 12.7, state: "mismatch", result: "size is 1, not 2" },
  { what: "bidi", over: "Connect", ms: 0.4, state: "refused", result: "not over HTTP/1.1" },
];

/** A stream that keeps what is written to it, as a pipe or as a terminal. */
function output(kind: "pipe" | "terminal"): PassThrough {
  const stream = new PassThrough({ encoding: "utf8" });
  if (kind === "pipe") return stream;
  for (const name of ["FORCE_COLOR", "NO_COLOR", "NODE_DISABLE_COLORS", "CI"]) vi.stubEnv(name, undefined);
  vi.stubEnv("TERM", "xterm-256color");
  return Object.assign(stream, { isTTY: true, getColorDepth: WriteStream.prototype.getColorDepth });
}

function printTable(stream: PassThrough): void {
  const table = new Table(outcomes, stream);
  for (const outcome of outcomes) table.print(outcome);
}

test("columns are aligned, and a name that repeats is left out", () => {
  const stream = output("pipe");
  printTable(stream);
  expect(stream.read()).toBe(
    [
      "WHAT   OVER WHAT        TIME  RESULT",
      "unary  Connect          1 ms  ok        a reply",
      "       gRPC            13 ms  MISMATCH  size is 1, not 2",
      "bidi   Connect          0 ms  refused   not over HTTP/1.1",
      "",
    ].join("\n"),
  );
});

test("a row is printed when it comes, and has room for what comes behind", () => {
  const stream = output("pipe");
  const rows = [
    { what: "unary", over: "gRPC" },
    { what: "bidirectional", over: "Connect" },
  ];
  const table = new Table(rows, stream);
  expect(stream.read()).toBe("WHAT           OVER WHAT        TIME  RESULT\n");
  table.print({ what: "unary", over: "gRPC", ms: 60_000, state: "works", result: "a reply" });
  expect(stream.read()).toBe("unary          gRPC         60000 ms  ok        a reply\n");
});

test("a terminal gets colours: green, yellow for what is refused, red for a mismatch", () => {
  const stream = output("terminal");
  printTable(stream);
  const text = String(stream.read());
  expect(text).toContain("\x1b[32mok");
  expect(text).toContain("\x1b[33mrefused");
  expect(text).toContain("\x1b[31mMISMATCH");
});

test("NO_COLOR keeps colours out of a terminal too", () => {
  const stream = output("terminal");
  vi.stubEnv("NO_COLOR", "1");
  printTable(stream);
  expect(stream.read()).not.toContain("\x1b");
});

test("the progress line is rewritten in a terminal, and absent from a pipe", () => {
  const terminal = output("terminal");
  const inTerminal = new ProgressLine(terminal);
  inTerminal.show("1 of 2");
  inTerminal.show("2 of 2");
  inTerminal.clear();
  expect(terminal.read()).toBe("\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K");

  const pipe = output("pipe");
  const inPipe = new ProgressLine(pipe);
  inPipe.show("1 of 2");
  inPipe.clear();
  expect(pipe.read()).toBe(null);
});
