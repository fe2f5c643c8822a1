/** So many bits of a hash say where its two places are. */
const placeBits = 5;
const places = 2 << placeBits;

/**
 * A bounded cache from octets to what they decode to: the same octets give the same object again.
 *
 * It takes a value on second sight, so that what is different every time costs a hash and no more. Each hash has two
 * places, of which the older is given up.
 */
export class ContentCache<T> {
  readonly #mostOctets: number;
  readonly #keys: (Uint8Array | undefined)[] = [];
  readonly #values: (T | undefined)[] = [];
  /** Of what was not found lately: an octet of its hash, two a pair. Absent: nothing was missed yet, so there is nothing in it. */
  #missed: Uint8Array | undefined;
  /** Of what `find()` was asked for last; 0 if it is too long. */
  #hash = 0;

  /** What is longer than `mostOctets` is not cached. */
  constructor(mostOctets: number) {
    this.#mostOctets = mostOctets;
  }

  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    if (end - start > this.#mostOctets) {
      this.#hash = 0;
      return undefined;
    }
    const hash = hashOf(bytes, start, end);
    this.#hash = hash;
    if (this.#missed === undefined) return undefined;
    const keys = this.#keys;
    const place = placeOf(hash);
    if (isSame(keys[place], bytes, start, end)) return this.#values[place];
    if (isSame(keys[place + 1], bytes, start, end)) return this.#values[place + 1];
    return undefined;
  }

  /** Takes what the octets of a `find()`, the last, decode to, unless they were not found for the first time. */
  add(bytes: Uint8Array, start: number, end: number, value: T): void {
    const hash = this.#hash;
    if (hash === 0) return;
    const place = placeOf(hash);
    const mark = hash & 0xff || 1;
    const missed = (this.#missed ??= new Uint8Array(places));
    if (missed[place] !== mark && missed[place + 1] !== mark) {
      missed[place + 1] = missed[place]!;
      missed[place] = mark;
      return;
    }
    // Not slice(): a Buffer's gives a view, and these octets are only borrowed.
    const key = new Uint8Array(end - start);
    key.set(bytes.subarray(start, end));
    const keys = this.#keys;
    const values = this.#values;
    // They grow with the first use, as most connections see few different octets.
    while (keys.length < place + 2) {
      keys.push(undefined);
      values.push(undefined);
    }
    keys[place + 1] = keys[place];
    keys[place] = key;
    values[place + 1] = values[place];
    values[place] = value;
  }

  /** Also forgets what was missed: what is to be taken again has to come twice again. */
  clear(): void {
    if (this.#missed === undefined) return;
    this.#keys.length = 0;
    this.#values.length = 0;
    this.#missed = undefined;
  }
}

/** The first of the two places of a hash. */
function placeOf(hash: number): number {
  return (hash >>> (32 - placeBits)) << 1;
}

function isSame(key: Uint8Array | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (key === undefined || key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}

/** Never 0. Its highest bits depend on all octets, of which it takes four a step. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = Math.imul(hash, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = (hash << 8) ^ (hash >>> 24) ^ bytes[i]!;
  return Math.imul(hash, 0x9e3779b1) || 1;
}
