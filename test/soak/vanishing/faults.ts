import { inspect } from "node:util";

/** More than anybody reads. */
const most = 20;

/** What goes wrong in a process beside its calls: what nobody handles, what node warns of, what is printed as an error. */
export class Faults {
  readonly list: string[] = [];

  /** Begins to listen. */
  constructor() {
    process.on("uncaughtException", (error) => this.note("uncaught exception", error));
    process.on("unhandledRejection", (reason) => this.note("unhandled rejection", reason));
    process.on("warning", (warning) => {
      if (warning.name !== "ExperimentalWarning") this.note("warning", warning);
    });
    console.error = (...what: unknown[]): void => this.note("console.error", what);
  }

  note(what: string, value: unknown): void {
    if (this.list.length < most) this.list.push(`${what}: ${inspect(value)}`);
  }
}
