/** Tells the headers of the frames in a stream of bytes that comes in chunks, and nothing of their payloads but the first four bytes. */
export class FrameHeaders {
  readonly #each: (type: number, flags: number, stream: number, length: number, word: number) => void;
  #rest: Buffer | undefined;
  #skip = 0;

  constructor(each: (type: number, flags: number, stream: number, length: number, word: number) => void) {
    this.#each = each;
  }

  read(chunk: Buffer): void {
    let bytes = chunk;
    let at = Math.min(this.#skip, bytes.length);
    this.#skip -= at;
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = undefined;
    }
    while (bytes.length - at >= 9) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      if (length >= 4 && bytes.length - at < 13) break;
      const word = length >= 4 ? bytes.readUInt32BE(at + 9) : 0;
      this.#each(bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5), length, word);
      at += 9 + length;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
    else this.#skip = at - bytes.length;
  }
}
