import type { Writable } from "node:stream";

/** One line that says what goes on, rewritten in place. Writes nothing where nobody watches: into a pipe or a file. */
export class ProgressLine {
  readonly #stream: Writable & { readonly isTTY?: boolean };

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.#stream = stream;
  }

  show(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[K${text}`);
  }

  clear(): void {
    this.show("");
  }
}
