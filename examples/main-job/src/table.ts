import type { Writable } from "node:stream";
import { styleText } from "node:util";
import type { Check, Outcome } from "./check.ts";

const styles = { works: "green", refused: "yellow", mismatch: "red" } as const;
const words = { works: "ok", refused: "refused", mismatch: "MISMATCH" } as const;
const head = { what: "WHAT", over: "OVER WHAT", time: "TIME", result: "RESULT" };
/** Hours of it. */
const timeWidth = "9999999 ms".length;

/**
 * Outcomes in columns, a row for each as it comes. Colours only where the stream is a terminal that wants them (NO_COLOR is
 * honoured).
 */
export class Table {
  readonly #stream: Writable;
  readonly #whatWidth: number;
  readonly #overWidth: number;
  #last: string | undefined;

  /** Prints the head. `rows`: those that will come. */
  constructor(rows: readonly Pick<Check, "what" | "over">[], stream: Writable) {
    this.#stream = stream;
    this.#whatWidth = Math.max(...[head, ...rows].map(({ what }) => what.length));
    this.#overWidth = Math.max(...[head, ...rows].map(({ over }) => over.length));
    stream.write(`${styleText("bold", this.#line(head), { stream })}\n`);
  }

  print({ what, over, ms, state, result }: Outcome): void {
    const stream = this.#stream;
    const word = styleText(styles[state], words[state].padEnd(8), { stream });
    // What is the same as above is left out, so that the eye finds where something new begins.
    const shown = this.#last === what ? "" : what;
    this.#last = what;
    const row = { what: shown, over, time: `${ms.toFixed(0)} ms`, result: `${word}  ${result}` };
    stream.write(`${this.#line(row)}\n`);
  }

  #line({ what, over, time, result }: typeof head): string {
    return `${what.padEnd(this.#whatWidth)}  ${over.padEnd(this.#overWidth)}  ${time.padStart(timeWidth)}  ${result}`;
  }
}
