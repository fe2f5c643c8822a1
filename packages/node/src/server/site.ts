import type { Fields } from "@millrace/exchange";

/** What an exchange needs to know of the place where it is served: a listener of ours, or a user's own server. */
export interface Site {
  /** How much of a request that was answered early is read and thrown away, in bytes. */
  readonly drainBytes: number;
  /** The same, in milliseconds. */
  readonly drainMs: number;
  /** HTTP/1.1: how often a paused exchange looks whether its client still lives, in milliseconds. */
  readonly probeMs: number;
  /** See ServerExchange. */
  readonly maxConcurrent: number;
  /** The client waits for 100 (Continue), and nobody has sent it (RFC 9110 section 10.1.1). */
  readonly expectsContinue: boolean;
  /**
   * The response's head is about to be sent, with this status. Gives the fields that others have put on it, as a
   * framework's middleware does; ours of the same name replace them.
   */
  inherited(status: number): Fields;
  /** The connection takes no further request: HTTP/1.1 says so in the response. */
  closing(): boolean;
  /** The head of a response has said so. */
  saidClose(): void;
  /** The exchange is closed. */
  closed(): void;
}
