import type { DescMessage } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, test } from "vitest";
import { initOf } from "./arbitrary-message.ts";
import { decodeBoth, encodeBoth } from "./beside-protobuf-es.ts";
import { subjects } from "./generated-codecs.ts";

const numRuns = 150;
const endOnFailure = true;

/** A varint, now and then longer than it need be, or than it may be. */
const varint = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(70), fc.nat(12))
  .map(([value, bits, longer]) => {
    const bytes: number[] = [];
    for (let rest = BigInt.asUintN(bits, value); ; rest >>= 7n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      if (rest < 0x80n) break;
    }
    if (longer > 8) for (let i = 0; i < longer; i++) bytes.push(0x80);
    bytes[bytes.length - 1]! &= 0x7f;
    return bytes;
  });

/** Tags of fields that the type has, and of others, with any wire type; and what may follow them. */
function records(desc: DescMessage): fc.Arbitrary<Uint8Array> {
  const numbers = [1, 2, 3, 99, ...desc.fields.map(({ number }) => number)].filter(
    (number) => number < 2 ** 28,
  );
  const tag = fc.tuple(fc.constantFrom(...numbers), fc.nat(7)).map(([number, wireType]) => {
    const bytes = [];
    let rest = number * 8 + wireType;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    return [...bytes, rest];
  });
  const small = fc.array(fc.nat(255), { maxLength: 9 });
  const prefixed = fc.array(fc.nat(255), { maxLength: 9 }).map((bytes) => [bytes.length, ...bytes]);
  const record = fc.tuple(tag, fc.oneof(varint, small, prefixed)).map(([first, rest]) => [...first, ...rest]);
  return fc.array(record, { maxLength: 5 }).map((all) => Uint8Array.from(all.flat()));
}

// Of a message that goes by its descriptor within one that does not, a length beyond the end is told at once.
const straight = subjects.filter(({ name }) => name !== "millrace.codec.v1.Elsewhere");

describe.each(straight)("$name of a hostile peer", (subject) => {
  test("tags and wire types of all kinds: the same message, or the same error, as protobuf-es has", () => {
    const read = (bytes: Uint8Array): void => {
      const message = decodeBoth(subject, bytes);
      if (message !== null) encodeBoth(subject, message);
    };
    fc.assert(fc.property(records(subject.schema), read), { numRuns, endOnFailure });
  });

  test("a message that is cut, or has wrong bytes", () => {
    const damage = fc.tuple(initOf(subject.schema, 1), fc.nat(), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(damage, ([init, cut, at, byte]) => {
        const bytes = encodeBoth(subject, subject.codec.create(init))!;
        const length = Math.max(1, bytes.length);
        decodeBoth(subject, bytes.subarray(0, cut % length));
        const wrong = bytes.slice();
        wrong[at % length] = byte;
        decodeBoth(subject, wrong);
      }),
      { numRuns, endOnFailure },
    );
  });
});
