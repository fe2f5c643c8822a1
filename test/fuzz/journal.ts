import { openSync, readFileSync, writevSync } from "node:fs";

/** In a file, how many inputs were begun, and the last of them: it outlives the process that writes it. */
export class Journal {
  readonly #file: number;
  /** How many, and the length of the last. */
  readonly #head = new Uint32Array(2);

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  begin(input: Uint8Array): void {
    this.#head[0]!++;
    this.#head[1] = input.length;
    writevSync(this.#file, [this.#head, input], 0);
  }
}

/** What a Journal says; nothing, before the first input. */
export function readJournal(path: string): { readonly executions: number; readonly input: Uint8Array } {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch {
    bytes = new Uint8Array(0);
  }
  if (bytes.length === 0) return { executions: 0, input: bytes };
  const [executions = 0, length = 0] = new Uint32Array(bytes.buffer, 0, 2);
  return { executions, input: bytes.slice(8, 8 + length) };
}
