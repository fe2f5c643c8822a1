import type { Fields } from "@millrace/exchange";
import type { Output } from "./output.ts";
import type { SendHalf } from "./send-half.ts";
import type { Stream } from "./stream.ts";
import type { TurnEnd } from "./turn-end.ts";

/** What a stream asks of its connection. */
export interface StreamHost {
  readonly output: Output;
  readonly turnEnd: TurnEnd;
  /** The window that a stream is given at first. */
  readonly streamWindow: number;
  /** What the peer may send beyond it, for it may not have heard of it yet. */
  readonly streamWindowExtra: number;
  /** A stream's window is credited: a good time to look whether it is large enough. Gives what it may be. */
  windowWanted(current: number): number;
  /** A stream that had a larger window than at first is over. */
  windowReturned(bytes: number): void;
  /** Writes a header block of these lists, one behind the other. */
  headers(stream: SendHalf, pseudo: Fields, fields: Fields, more: Fields, endStream: boolean): void;
  /** Sends RST_STREAM, and ignores what still comes for it. */
  rst(stream: Stream, code: number): void;
  /** Both halves have ended on the wire. */
  ended(stream: Stream): void;
  /** It is through on the wire, and its reader is paused before the rest. */
  lingers(stream: Stream): void;
  /** It is over: it does not linger any more, if it did. */
  lingered(stream: Stream): void;
}
