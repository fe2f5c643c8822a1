import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import { Decoder } from "../../src/hpack/decoder.ts";
import { Encoder } from "../../src/hpack/encoder.ts";
import { concat, decode, encode, hex, integer, literal, roomyDecoder, update } from "./support.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const megabyte = 1 << 20;

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** How many octets more there are right after `run`. */
function growth(run: () => unknown): number {
  collect();
  const before = used();
  run();
  return used() - before;
}

/** Expects that `run` leaves less than a megabyte, once everything is collected that can be. */
async function expectNothingKept(run: () => unknown): Promise<void> {
  collect();
  const before = used();
  run();
  // The octets of arrays are let go of by another thread.
  await vi.waitFor(() => {
    collect();
    expect(used() - before).toBeLessThan(megabyte);
  });
}

const limits = { maxOctets: 16_384, maxFields: 200 };

describe("beyond the limits nothing is made", () => {
  test("of a field of 4 KiB, referred to 100,000 times", () => {
    const decoder = new Decoder(limits);
    decode(decoder, literal("inserted", "n", "v".repeat(4096 - 33)));
    const references = new Uint8Array(100_000).fill(0x80 | 62);
    expect(growth(() => decode(decoder, references))).toBeLessThan(megabyte);
  });

  test("of a literal that neither the list nor the table can take", () => {
    const decoder = new Decoder(limits);
    const text = new Uint8Array(16 * megabyte).fill(0x61);
    const string = concat(integer(0, 7, text.length), text);
    for (const block of [
      concat(hex("000161"), string),
      concat(hex("400161"), string),
      concat(hex("00"), string, hex("0161")),
    ])
      expect(growth(() => decode(decoder, block))).toBeLessThan(megabyte);
  });
});

describe("a decoder keeps no more than its bounds", () => {
  test("of blocks, names and paths that differ without end", async () => {
    const decoder = new Decoder(limits);
    const run = (from: number): void => {
      for (let i = from; i < from + 20_000; i++)
        for (const block of [
          literal("notIndexed", `name-${i}`, "1"),
          literal("notIndexed", ":path", `/${i}`),
        ]) {
          // On second sight they are taken.
          decode(decoder, block);
          decode(decoder, block);
          decode(decoder, concat(literal("inserted", "n", "1"), block));
        }
    };
    run(0);
    await expectNothingKept(() => run(20_000));
  });

  test("of entries that were evicted, however many there once were", async () => {
    const decoder = roomyDecoder();
    decoder.setMaxTableOctets(65_536);
    decode(decoder, update(65_536));
    const run = (): void => {
      for (let i = 0; i < 2000; i++) decode(decoder, literal("inserted", "", ""));
      for (let i = 0; i < 500; i++)
        decode(decoder, literal("inserted", "n", String(i).padStart(60_000, "v")));
    };
    await expectNothingKept(run);
    expect(decode(decoder, hex("be")).fields).toEqual(["n", "499".padStart(60_000, "v")]);
  });

  test("and not the chunk that a block came in", async () => {
    const decoder = roomyDecoder();
    await expectNothingKept(() => {
      const chunk = new Uint8Array(64 * megabyte);
      chunk.set(hex("82 0001 6101 62"));
      for (let i = 0; i < 3; i++) decoder.decode(chunk, 0, 6);
    });
    expect(decode(decoder, hex("82")).outcome).toBe("fields");
  });
});

describe("an encoder keeps no more than its bounds", () => {
  test("of names that differ without end", async () => {
    const encoder = new Encoder();
    const run = (from: number): void => {
      for (let i = from; i < from + 20_000; i++) encode(encoder, [`name-${i}`, "1"]);
    };
    run(0);
    await expectNothingKept(() => run(20_000));
  });

  test("of lists that differ without end", async () => {
    const encoder = new Encoder();
    const methods = [":method", "GET", ":method", "POST"];
    const run = (from: number): void => {
      // Each of the lists is another, and none has anything but indices.
      for (let i = from; i < from + 20_000; i++) {
        const bits = Array.from(i.toString(2), (bit) => methods.slice(2 * Number(bit), 2 * Number(bit) + 2));
        encode(encoder, bits.flat());
      }
    };
    run(0);
    await expectNothingKept(() => run(20_000));
  });
});
