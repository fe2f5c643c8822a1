import type { Intake } from "../pace.ts";
import type { ConnectionLoad } from "./connection-load.ts";

/** When the requests of a call may be read: at its connection's pace, and as far as the load allows. */
export class CallIntake implements Intake {
  readonly #load: ConnectionLoad;
  readonly #single: boolean;
  readonly #compressed: boolean;

  /** `single`: one request, whose handler runs when it is read. `compressed`: requests have to be unpacked. */
  constructor(load: ConnectionLoad, single: boolean, compressed: boolean) {
    this.#load = load;
    this.#single = single;
    this.#compressed = compressed;
  }

  admits(go: () => void): boolean {
    if ((this.#single && this.#load.full) || (this.#compressed && this.#load.busy)) {
      this.#load.wait(go);
      return false;
    }
    return this.#load.pace.admits(go);
  }

  forget(go: () => void): void {
    this.#load.forget(go);
    this.#load.pace.forget(go);
  }

  spend(cost: number): void {
    this.#load.pace.spend(cost);
  }

  unpacking(): void {
    this.#load.packing();
  }

  unpacked(): void {
    this.#load.packed();
  }
}
