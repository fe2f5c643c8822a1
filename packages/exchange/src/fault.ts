/** Why an exchange died: plain data. Nothing below the seam makes an Error of it. */
export interface Fault {
  /** Who ended it: the peer by its own word, this side's own code, or what lies between. */
  readonly by: "peer" | "local" | "transport";
  /**
   * `reset`: one exchange, with a code; `goaway`: the peer takes no more on this connection; `connect`: none could be
   * made; `lost`: it broke before the response's head; `truncated`: it broke, or the peer closed it, in the middle of a
   * body; `limit`: a limit of this side's; `protocol`: the peer broke the protocol; `shutdown`: this side is closing.
   */
  readonly kind: "reset" | "goaway" | "connect" | "lost" | "truncated" | "limit" | "protocol" | "shutdown";
  /** RFC 9113 section 7 error code; -1 if none travelled. */
  readonly h2: number;
  /**
   * Whether the peer can have processed the request. `never`: it was refused, lies above GOAWAY's last stream, or was
   * not yet sent, so that another attempt is safe. `maybe`: everything else.
   */
  readonly processed: "never" | "maybe";
  /** One line for people. */
  readonly text: string;
  /** What the carriage itself reported, for logs. */
  readonly cause?: unknown;
}
