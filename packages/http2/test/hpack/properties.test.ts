import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Decoder } from "../../src/hpack/decoder.ts";
import { Encoder } from "../../src/hpack/encoder.ts";
import { decode, encode, indexed, literal, roomyDecoder, update } from "./support.ts";

/** Few of them, so that they come again. */
const name: fc.Arbitrary<string> = fc.constantFrom(
  ":method",
  ":path",
  ":status",
  "content-type",
  "cookie",
  "grpc-timeout",
  "te",
  "www-authenticate",
  "x-a",
  "x-long-name-that-is-not-in-a-table",
);
const octetString = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)), maxLength });
const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("", "0", "200", "POST", "/", "/a?b", "application/grpc", "v".repeat(200)),
  },
  { weight: 2, arbitrary: octetString(60) },
  { weight: 1, arbitrary: octetString(3).map((text) => text.repeat(700)) },
);
const field = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: octetString(40) }),
  value,
);
const fieldList = fc.array(field, { maxLength: 12 }).map((fields) => fields.flat());
const tableSize = fc.oneof(
  fc.constantFrom(0, 31, 32, 33, 64, 100, 4095, 4096, 4097, 65_536),
  fc.integer({ min: 0, max: 5000 }),
);
const policy = fc.record({
  never: fc.uniqueArray(name, { maxLength: 3 }),
  perRequest: fc.uniqueArray(name, { maxLength: 3 }),
});

type Step =
  | { readonly kind: "block"; readonly fields: string[]; readonly never: number[] }
  | { readonly kind: "setting"; readonly size: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("block" as const),
      fields: fieldList,
      never: fc.oneof(fc.constant<number[]>([]), fc.uniqueArray(fc.nat(11), { maxLength: 3 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("setting" as const), size: tableSize }) },
);
/** Some of them twice, as lists and blocks come again. */
const steps = fc
  .array(step, { minLength: 1, maxLength: 20 })
  .chain((all) =>
    fc.shuffledSubarray([...all, ...all, ...all], { minLength: all.length, maxLength: 3 * all.length }),
  );

describe("what an encoder writes is what a decoder reads", () => {
  test("whatever the lists, the policy, and the changes of the table's size", () => {
    fc.assert(
      fc.property(policy, steps, (policy, steps) => {
        const encoder = new Encoder(policy);
        const decoder = roomyDecoder();
        for (const step of steps) {
          if (step.kind === "setting") {
            encoder.setMaxTableOctets(step.size);
            decoder.setMaxTableOctets(step.size);
            continue;
          }
          const { fields } = step;
          const never = step.never.filter((place) => place < fields.length / 2);
          const block = decode(decoder, encode(encoder, fields, never.length > 0 ? never : undefined));
          expect(block).toMatchObject({ outcome: "fields", fields });
          const secret = fields.filter((_, i) => i % 2 === 0);
          const expected = [...secret.keys()].filter(
            (place) => never.includes(place) || policy.never.includes(secret[place] as string),
          );
          expect(block.neverIndexed ?? []).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("in parts of any lengths, behind other octets", () => {
    fc.assert(
      fc.property(fc.array(fieldList, { maxLength: 4 }), fc.nat(20), (lists, start) => {
        const encoder = new Encoder();
        const decoder = roomyDecoder();
        const out = new Uint8Array(100_000);
        for (let turn = 0; turn < 3; turn++) {
          let end = encoder.begin(out, start);
          for (const list of lists) end = encoder.write(list, out, end);
          expect(decoder.decode(out, start, end).fields).toEqual(lists.flat());
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Octets that are nearly a block. */
const nearlyBlock = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 140 }).map(indexed),
      fc
        .tuple(fc.constantFrom("inserted", "never", "notIndexed"), field)
        .map(([kind, [name, value]]) => literal(kind as "never", name, value)),
      fieldList.map((fields) => encode(new Encoder(), fields)),
      tableSize.map(update),
      fc.uint8Array({ maxLength: 6 }),
    ),
    { maxLength: 8 },
  )
  .chain((parts) => {
    const block = Uint8Array.from(parts.flatMap((part) => [...part]));
    const change = fc.tuple(fc.nat(Math.max(block.length - 1, 0)), fc.nat(255));
    return fc.array(change, { maxLength: 2 }).map((changes) => {
      for (const [at, octet] of changes) if (at < block.length) block[at] = octet;
      return block;
    });
  });
const anyBlock = fc.oneof(fc.uint8Array({ maxLength: 200 }), nearlyBlock);

describe("octets of any kind", () => {
  test("give an outcome, and nothing else", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: anyBlock }, tableSize), { maxLength: 10 }),
        (steps) => {
          const limits = { maxOctets: 2000, maxFields: 20 };
          const decoder = new Decoder(limits);
          for (const step of steps) {
            if (typeof step === "number") {
              decoder.setMaxTableOctets(step);
              continue;
            }
            const { outcome, fields, octets, problem } = decode(decoder, step);
            seen.add(outcome);
            let size = 0;
            for (const text of fields) size += text.length + 16;
            expect(size).toBeLessThanOrEqual(limits.maxOctets);
            expect(fields.length).toBeLessThanOrEqual(2 * limits.maxFields);
            expect(outcome === "fields" ? octets : size).toBe(size);
            expect(problem === "").toBe(outcome === "fields");
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(seen).toEqual(new Set(["fields", "too-large", "compression-error"]));
  });

  test("give the same to a decoder with narrow limits, as far as those go", () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 10 }), (blocks) => {
        const wide = roomyDecoder();
        const narrow = new Decoder({ maxOctets: 300, maxFields: 5 });
        for (const bytes of blocks) {
          const all = decode(wide, bytes);
          const some = decode(narrow, bytes);
          if (all.outcome === "compression-error" || some.outcome === "fields") {
            expect([some.outcome, some.fields, some.neverIndexed]).toEqual([
              all.outcome,
              all.fields,
              all.neverIndexed,
            ]);
            expect(some.isValid).toBe(all.isValid);
            continue;
          }
          expect(some.outcome).toBe("too-large");
          expect(some.octets).toBe(all.octets);
          expect(some.octets > 300 || all.fields.length > 10).toBe(true);
          expect(some.fields).toEqual(all.fields.slice(0, some.fields.length));
        }
      }),
      { numRuns: 500 },
    );
  });
});
