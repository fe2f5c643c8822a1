import type { Fault, Fields, Sink } from "@millrace/exchange";
import type { Backlog } from "./backlog.ts";
import type { Held } from "./held.ts";
import { notReady } from "./ready-queue.ts";
import type { SendHalf } from "./send-half.ts";
import type { StreamHost } from "./stream-host.ts";
import type { Deferred } from "./turn-end.ts";

/** Our half (RFC 9113 section 5.1): nothing sent; headers sent; all handed over, some of it waits; END_STREAM written. */
export const idle = 0;
export const open = 1;
export const ending = 2;
export const ended = 3;

/** An exchange's life. What is `dying` has a fault to tell and does nothing more; when it is `done`, or has `failed`, closed() is due. */
export const live = 0;
export const dying = 1;
export const done = 2;
export const failed = 3;
export const told = 4;

/**
 * All that a stream is made of. What it does with it is in the classes on top, one for each half and one for its life, which
 * have no fields, no constructors and no methods with a #: of a stream, each of those costs bytes, or time when it is made.
 */
export abstract class StreamState implements Deferred {
  id = 0;
  isDeferred = false;
  /** It was turned away at once: that it ended well says nothing for its peer. */
  isTurnedAway = false;
  protected readonly host: StreamHost;
  protected sink: Sink | null = null;
  protected life: number = live;
  /** What it is dying of, until the end of the turn. */
  protected faultDue: Fault | null = null;

  // Our half.

  /** What the peer lets us send; negative after it has lowered SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 section 6.9.2). */
  sendWindow: number;
  /** Its place among those that wait for room. */
  readyUrgency: number = notReady;
  previousReady: SendHalf | null = null;
  nextReady: SendHalf | null = null;
  /** RFC 9218 section 4. Without a word of the client's, streams take turns: no call of many waits for another's end. */
  urgency = 3;
  isIncremental = true;
  protected local: number = idle;
  /** What waits to be sent, and the trailers behind it. */
  protected backlog: Backlog | null = null;
  protected trailers: Fields | null = null;
  /** The writer is held back. */
  protected isChoked = false;
  /** What ended our half has left. */
  protected endFlushed = false;
  /** The peer wants no more of our half. */
  protected isStopped = false;

  // The peer's half.

  /** What the peer may still send, in bytes. */
  receiveWindow: number;
  /** What credit fills up to: it grows where the link holds more. */
  protected window: number;
  protected uncredited = 0;
  /** credit() is due. */
  protected isOwed = false;
  /** What content-length promises, less what came; -1 if nothing is promised. */
  protected expected = -1;
  /** Nothing more of it is read: END_STREAM has come, or either side has reset the stream, or the connection has ended. */
  protected remoteEnded = false;
  protected isPaused = false;
  /** What came and the sink has not been told. */
  protected held: Held | null = null;
  /** The sink knows that the peer's half has ended, or need not know. */
  protected endTold = false;

  constructor(host: StreamHost, sendWindow: number) {
    this.host = host;
    this.sendWindow = sendWindow;
    this.window = host.streamWindow;
    this.receiveWindow = host.streamWindow + host.streamWindowExtra;
  }

  abstract deliver(): void;

  protected get isAlive(): boolean {
    return this.life === live;
  }
}
