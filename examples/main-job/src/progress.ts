import type { Writable } from "node:stream";
import type { Check } from "./check.ts";

/** What goes on, in one line: without the spaces that align `over` in the table. */
export function progressOf(
  { what, over }: Pick<Check, "what" | "over">,
  index: number,
  count: number,
): string {
  return `${index + 1} of ${count}: ${what}, ${over.replaceAll(/ +/g, " ").trim()}`;
}

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
