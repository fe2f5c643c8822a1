import { ManualRuntime } from "./manual-runtime.ts";
import { Wire } from "./wire.ts";

/** A connection's engine in memory, to which a test is a hostile peer, and says bytes. */
export abstract class AttackedEngine {
  readonly runtime: ManualRuntime = new ManualRuntime();
  readonly wire: Wire = new Wire(this.runtime);
  /** What the connection's end was put down to; once for each time that it was told. */
  readonly problems: (string | undefined)[] = [];
  abstract readonly connection: { readonly isOpen: boolean };

  /** The peer says these, one behind the other; the engine has its turns after each. */
  say(...parts: readonly Uint8Array[]): this {
    for (const part of parts) {
      this.wire.deliver(part);
      this.runtime.settle();
    }
    return this;
  }

  /** Says what `make` gives for 0, 1, 2 …, until the connection ends. Gives how many that were, or `most`. */
  flood(most: number, make: (n: number) => Uint8Array): number {
    for (let n = 0; n < most; n++) {
      if (!this.connection.isOpen) return n;
      this.say(make(n));
    }
    return most;
  }
}
