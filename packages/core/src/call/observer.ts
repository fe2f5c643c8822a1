import type { Code } from "../code.ts";
import type { RpcError } from "../error.ts";
import type { Metadata } from "../metadata.ts";
import type { CallHead } from "./call-head.ts";

// oxlint-disable typescript/no-invalid-void-type -- "or nothing" is what an observer without interest returns
/**
 * Called at each call's start, on either side. What it returns hears the rest of the call; returning nothing skips the call.
 * What it throws is reported and touches nothing.
 */
export type Observer = (call: CallHead) => CallEvents | void;
// oxlint-enable typescript/no-invalid-void-type

/** What an observer hears. An error thrown by a listener is reported and touches nothing. */
export interface CallEvents {
  /** The response's headers: sent on a server, received on a client. */
  headers?(headers: Metadata): void;
  /** A message was sent; its encoded size on the wire, without the envelope. */
  sent?(bytes: number): void;
  /** A message was received; its encoded size on the wire, without the envelope. */
  received?(bytes: number): void;
  /** Once, last. */
  end?(end: CallEnd): void;
}

/** How a call ended. */
export interface CallEnd {
  /** Everything this side sent was handed to the transport; what becomes of it then is the transport's. */
  readonly delivered: boolean;
  readonly code: Code | "ok";
  readonly error: RpcError | undefined;
  /** Milliseconds from the call's start, at which observers are called, to this event; by a monotonic clock. */
  readonly durationMs: number;
}
