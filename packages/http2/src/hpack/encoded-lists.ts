import type { Fields } from "@millrace/exchange";

/** A server has few heads and trailers that are the same call after call. */
const most = 8;

interface EncodedList {
  readonly fields: Fields;
  readonly octets: Uint8Array;
  readonly generation: number;
}

/** The lists that an encoder wrote last with nothing but indices, as it wrote them. */
export class EncodedLists {
  readonly #lists: EncodedList[] = [];
  #next = 0;

  /** What a list of the same fields is, while the table's generation is the same. */
  find(fields: Fields, generation: number): Uint8Array | undefined {
    for (const list of this.#lists)
      if (list.generation === generation && isSame(list.fields, fields)) return list.octets;
    return undefined;
  }

  /** Copies both. The oldest list goes. */
  add(fields: Fields, out: Uint8Array, start: number, end: number, generation: number): void {
    const octets = new Uint8Array(end - start);
    octets.set(out.subarray(start, end));
    this.#lists[this.#next] = { fields: fields.slice(), octets, generation };
    this.#next = (this.#next + 1) % most;
  }
}

function isSame(a: Fields, b: Fields): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
