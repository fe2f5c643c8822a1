import { gunzipSync, gzipSync } from "node:zlib";
import { CompressionFailure } from "@millrace/core/host";
import type { Compression } from "@millrace/core/host";

/** A compression that is gzip under any name, and does its work at once. */
export function plainCompression(name: string): Compression {
  return {
    name,
    levels: [1, 9],
    pack: (bytes) => new Uint8Array(gzipSync(bytes)),
    unpack(bytes, limit) {
      let unpacked: Uint8Array;
      try {
        unpacked = new Uint8Array(gunzipSync(bytes));
      } catch (cause) {
        throw new CompressionFailure("corrupt", "not gzip", cause);
      }
      if (unpacked.length > limit) throw new CompressionFailure("limit", "more than the limit");
      return unpacked;
    },
  };
}

/** The same work in steps of their own: each ends in a later turn, or, while they are held, when a test lets it. */
export class SlowCompression implements Compression {
  readonly name: string;
  readonly levels = [1, 9] as const;
  readonly #inner: Compression;
  readonly #steps: (() => void)[] = [];
  #held = false;

  constructor(name: string) {
    this.name = name;
    this.#inner = plainCompression(name);
  }

  pack(bytes: Uint8Array, level: number | undefined): Promise<Uint8Array> {
    const given = new Uint8Array(bytes);
    return this.#step(() => this.#inner.pack(given, level));
  }

  unpack(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
    const given = new Uint8Array(bytes);
    return this.#step(() => this.#inner.unpack(given, limit));
  }

  /** From now on steps wait for {@link release}. */
  hold(): void {
    this.#held = true;
  }

  /** Steps that wait. */
  get waiting(): number {
    return this.#steps.length;
  }

  /** Lets a step that waits end: the first, or the one at `index`. */
  release(index = 0): void {
    const [step] = this.#steps.splice(index, 1);
    if (step === undefined) throw new Error("no step is waiting");
    step();
  }

  /** Steps end by themselves again. */
  releaseAll(): void {
    this.#held = false;
    for (const step of this.#steps.splice(0)) step();
  }

  #step(work: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      if (this.#held) this.#steps.push(run);
      else queueMicrotask(run);
    });
  }
}
