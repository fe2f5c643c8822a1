import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/limits.ts";

const { maxConcurrentStreams, maxStreamWindowBytes, streamWindowBytes } = defaultLimits;
const mib = 1024 * 1024;
/** 64 KiB of each stream, whichever way: what the peer sent and nobody reads, or what it does not let us send. */
const ofStreams = maxConcurrentStreams * streamWindowBytes;

/** What an attacker may make a server hold; each is the bound of a limit, and as much again. */
const most: readonly (readonly [string, number])[] = [
  ["rapid reset", mib],
  ["PING, unread", 2 * mib],
  ["SETTINGS, unread", 2 * mib],
  ["requests, unread", 2 * mib],
  ["streams whose readers are paused", 2 * ofStreams],
  ["streams whose readers are paused, a byte at a time", mib / 2],
  ["streams whose readers are paused, much and little by turns", mib / 4],
  ["windows that have grown, then paused", 2 * (4 * maxStreamWindowBytes + ofStreams)],
  ["a window that never opens", 2 * ofStreams],
  ["a window that never opens, eight bytes at a time", 2 * ofStreams],
  ["an HPACK bomb", mib],
  ["CONTINUATION", 2 * mib],
  ["frames in pieces", 4 * mib],
  ["1,000 idle connections", 32 * mib],
];

describe("memory stays bounded under attack:", () => {
  let held: Readonly<Record<string, number>>;
  beforeAll(async () => {
    const program = join(import.meta.dirname, "memory-attacks.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program]);
    held = JSON.parse(stdout) as Record<string, number>;
  }, 60_000);

  test.each(most)("%s", (name, bytes) => {
    expect(held[name]).toBeLessThan(bytes);
  });

  test("and no attack is left out", () => {
    expect(Object.keys(held)).toEqual(most.map(([name]) => name));
  });
});
