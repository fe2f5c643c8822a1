import type { Conduct } from "./conduct.ts";
import type { HeaderBlock } from "./hpack/header-block.ts";
import type { Limits } from "./limits.ts";
import type { Output } from "./output.ts";
import type { Pings } from "./pings.ts";
import type { Runtime } from "./runtime.ts";
import type { PeerSettings } from "./settings.ts";
import type { Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";
import type { WindowTuner } from "./window-tuner.ts";

/** What frames come to. Where it gives a boolean, false means: read no more. */
export interface InboundHost {
  readonly isClient: boolean;
  readonly isOpen: boolean;
  /** Nothing is read for now, whatever the peer sends. */
  readonly isHeldBack: boolean;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly output: Output;
  readonly conduct: Conduct;
  readonly pings: Pings;
  readonly tuner: WindowTuner;
  readonly peerSettings: PeerSettings;
  /** Those that are open on the wire, by their ids. */
  readonly streams: StreamTable<Stream>;
  /** Ends the connection for what the peer did. */
  fail(code: number, text: string): false;
  /** No such stream has ever been opened. */
  isIdle(id: number): boolean;
  /** DATA may come: on a client, once the response's head has. */
  isAnswered(stream: Stream): boolean;
  /** A header block of a stream that is idle. */
  headersOfNew(id: number, block: HeaderBlock, endStream: boolean): boolean;
  /** A header block of a stream that is open. Gives what is wrong with it, or null. */
  headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): string | null;
  resetReceived(stream: Stream, code: number): void;
  /** A stream is not open any more. */
  streamEnded(): void;
  goawayReceived(lastStream: number, code: number, debug: Uint8Array): boolean;
  priorityUpdateReceived(id: number, value: string): boolean;
  /** `peerSettings` are what the peer has said by now. */
  settingsReceived(): void;
}
