import type { RpcError } from "../../error.ts";
import type { Metadata } from "../../metadata.ts";

/**
 * Where a user's stream of responses comes from: the wire, or interceptors. A `keeper` is kept alive while somebody waits,
 * since the loss of a stream's last reference cancels it.
 */
export interface ReplySource<O> {
  receive(keeper: unknown): Promise<O | undefined>;
  headers(keeper: unknown): Promise<Metadata>;
  trailers(keeper: unknown): Promise<Metadata>;
  /** Whether nothing is left of it: it was read to its end, or it has failed and there is nothing more to read. */
  readonly ended: boolean;
  /** What to do when it has ended, which it has not yet. Once. */
  onEnded(run: () => void): void;
  /** Ends it from this side; harmless when it has ended. */
  cancel(error: RpcError): void;
}
