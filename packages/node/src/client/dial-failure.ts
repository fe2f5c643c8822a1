import type { Fault } from "@millrace/exchange";

/** A fault of dial() on its way through code that wants an Error. */
export class DialFailure extends Error {
  override readonly name = "DialFailure";
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.text, { cause: fault.cause });
    this.fault = fault;
  }
}
