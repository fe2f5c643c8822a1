import type { Fault } from "@millrace/exchange";
import { connectFault, endpoint } from "./connect-failure.ts";
import type { Target } from "./dial.ts";

/** A fault of dial() on its way through code that wants an Error. */
export class DialFailure extends Error {
  override readonly name = "DialFailure";
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.text, { cause: fault.cause });
    this.fault = fault;
  }
}

/** For a connection that was given up because nobody waits for it any more. */
export function unwanted({ url }: Target): DialFailure {
  return new DialFailure(connectFault(`nobody waits for the connection to ${endpoint(url)}`));
}
