import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

/** Inputs do not grow beyond this: what they can say, they can say in it. */
const longest = 4096;
/** Bytes, numbers in text and integers that stand at the edges of things. */
const edgeBytes = [
  0, 1, 9, 10, 13, 0x20, 0x25, 0x2b, 0x2c, 0x2d, 0x2f, 0x3a, 0x3b, 0x3d, 0x7f, 0x80, 0xfe, 0xff,
];
const edgeNumbers = [
  "0",
  "-1",
  "00",
  "1e3",
  "255",
  "65536",
  "2147483648",
  "4294967296",
  "9999999999",
  "99999999999999999999",
];
const edgeIntegers = [
  0, 1, 0x7f, 0x80, 0xff, 0x4000, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Makes new inputs of old ones. */
export class Mutator {
  readonly #random: Random;
  readonly #words: readonly Uint8Array[];
  readonly #shape: Target["shape"];

  constructor(random: Random, { words, shape }: Target) {
    this.#random = random;
    this.#words = words.map((word) => Buffer.from(word, "latin1"));
    this.#shape = shape;
  }

  /** One or more changes to `input`; `other` is where parts are borrowed from. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let result = input;
    do
      result =
        this.#shape !== undefined && this.#random.oneIn(2)
          ? this.#changeParts(result, other, this.#shape)
          : this.#changeBytes(result, other);
    while (this.#random.oneIn(2));
    return result.length > longest ? result.subarray(0, longest) : result;
  }

  #changeParts(input: Uint8Array, other: Uint8Array, shape: NonNullable<Target["shape"]>): Uint8Array {
    const random = this.#random;
    const parts = shape.cut(input);
    if (parts.length === 0) return this.#changeBytes(input, other);
    const at = random.below(parts.length);
    const part = parts[at] as Uint8Array;
    switch (random.below(6)) {
      case 0:
        parts.splice(at, 1);
        break;
      case 1:
        parts.splice(random.below(parts.length + 1), 0, part);
        break;
      case 2: {
        const second = random.below(parts.length);
        parts[at] = parts[second] as Uint8Array;
        parts[second] = part;
        break;
      }
      case 3: {
        const borrowed = shape.cut(other);
        if (borrowed.length > 0) parts.splice(at, random.below(2), random.pick(borrowed));
        break;
      }
      case 4:
        if (this.#words.length > 0) parts.splice(at, random.below(2), random.pick(this.#words));
        break;
      default:
        parts[at] = this.#changeBytes(part, other);
    }
    return shape.join(parts);
  }

  #changeBytes(input: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    const at = random.below(input.length + 1);
    const length = 1 + random.below(random.oneIn(4) ? 64 : 4);
    switch (random.below(11)) {
      case 0:
        return replace(input, at, 1, [(input[at] ?? 0) ^ (1 << random.below(8))]);
      case 1:
        return replace(input, at, 1, [random.pick(edgeBytes)]);
      case 2:
        return replace(input, at, 1, [(input[at] ?? 0) + random.below(33) - 16]);
      case 3:
        return replace(
          input,
          at,
          random.below(2) * length,
          Uint8Array.from({ length }, () => random.below(256)),
        );
      case 4:
        return replace(input, at, length, []);
      case 5: {
        const copied = input.subarray(at, at + length);
        return replace(input, random.below(input.length + 1), random.below(2) * length, copied);
      }
      case 6:
        return this.#words.length === 0
          ? input
          : replace(input, at, random.below(2) * length, random.pick(this.#words));
      case 7:
        return this.#changeNumber(input);
      case 8: {
        const integer = Buffer.alloc(4);
        integer.writeUInt32BE(random.pick(edgeIntegers));
        const size = 1 + random.below(4);
        return replace(input, at, size, integer.subarray(4 - size));
      }
      case 9: {
        const from = random.below(other.length + 1);
        return replace(input, at, random.below(2) * length, other.subarray(from, from + length * 4));
      }
      default: {
        const from = random.below(other.length + 1);
        return Buffer.concat([input.subarray(0, at), other.subarray(from)]);
      }
    }
  }

  /** Another number in place of one that stands there in digits. */
  #changeNumber(input: Uint8Array): Uint8Array {
    const numbers = [...Buffer.from(input).toString("latin1").matchAll(/\d+/g)];
    if (numbers.length === 0) return input;
    const { 0: digits, index } = this.#random.pick(numbers);
    return replace(input, index, digits.length, Buffer.from(this.#random.pick(edgeNumbers)));
  }
}

function replace(input: Uint8Array, at: number, length: number, by: ArrayLike<number>): Uint8Array {
  const kept = Math.max(input.length - at - length, 0);
  const result = new Uint8Array(at + by.length + kept);
  result.set(input.subarray(0, at));
  result.set(by, at);
  result.set(input.subarray(input.length - kept), at + by.length);
  return result;
}
