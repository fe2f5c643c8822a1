/** Bytes that are said again and again, on other streams each time. */
export class Template {
  readonly #bytes: Buffer;
  /** Where frames name their streams. */
  readonly #places: number[] = [];
  readonly #streams: number;

  /** `make`: the frames of one of so many streams. */
  constructor(streams: number, make: (stream: number) => readonly Uint8Array[]) {
    this.#streams = streams;
    this.#bytes = Buffer.concat(Array.from({ length: streams }, (_, n) => make(2 * n + 1)).flat());
    for (let at = 0; at < this.#bytes.length; at += 9 + this.#bytes.readUIntBE(at, 3))
      if (this.#bytes.readUInt32BE(at + 5) !== 0) this.#places.push(at + 5);
  }

  /** For the `n`th time, from 0 on. */
  said(n: number): Buffer {
    const bytes = Buffer.from(this.#bytes);
    const more = 2 * this.#streams * n;
    for (const place of this.#places) bytes.writeUInt32BE(bytes.readUInt32BE(place) + more, place);
    return bytes;
  }
}
