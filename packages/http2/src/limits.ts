import { checkedLimits, type LimitRanges } from "./checked-limits.ts";
import { defaultFrameSize, initialWindow, largestFrameSize } from "./settings.ts";

/**
 * What a connection lets its peer make it hold, do and wait for. Every bound that can be set stands here, with its default.
 * Whole numbers, from 1 on unless said otherwise.
 */
export interface Limits {
  /** Bytes of a frame's payload: SETTINGS_MAX_FRAME_SIZE, 16,384 to 16,777,215 (RFC 9113 section 4.2). 16,384. */
  readonly maxFrameBytes: number;
  /** A header list, as RFC 9113 section 6.5.2 counts it: SETTINGS_MAX_HEADER_LIST_SIZE. 65,536. */
  readonly maxHeaderBytes: number;
  /** Fields of a header list. 512. */
  readonly maxHeaderFields: number;
  /** CONTINUATION frames of a header block. 16. */
  readonly maxContinuations: number;
  /** Streams that the peer may have open: SETTINGS_MAX_CONCURRENT_STREAMS (section 5.1.2). 256. */
  readonly maxConcurrentStreams: number;
  /** Bytes under way on a stream at first, no more than at most: SETTINGS_INITIAL_WINDOW_SIZE (section 6.9.2). 65,535. */
  readonly streamWindowBytes: number;
  /** Bytes under way on a stream at most: what its window grows to where the link holds as much. 16,777,216. */
  readonly maxStreamWindowBytes: number;
  /**
   * Bytes under way on a connection at first, 65,535 or more (section 6.9.2). Credit comes on receipt, so a paused stream takes
   * nothing of it. 1,048,576.
   */
  readonly connectionWindowBytes: number;
  /** Output that waits for a peer which does not read; beyond it nothing more is read of it. 262,144. */
  readonly outputBacklogBytes: number;
  /**
   * Frames that carry nothing, at once: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA, CONTINUATION, unknown ones, those
   * on closed streams. Streams and data that are of use give some back. 1,000.
   */
  readonly idleFrameBurst: number;
  /** The same, each second. 200. */
  readonly idleFrameRate: number;
  /** Streams that come to nothing, at once: reset by the peer, or by this side for its mistakes. 1,000. */
  readonly resetBurst: number;
  /** The same, each second. 200. */
  readonly resetRate: number;
  /** From the start to the peer's preface and SETTINGS, in milliseconds. 10,000. */
  readonly handshakeTimeoutMs: number;
  /** Until our SETTINGS are acknowledged, in milliseconds (section 6.5.3). 30,000. */
  readonly settingsTimeoutMs: number;
  /** Until a header block, or any frame but DATA, is complete, in milliseconds. 10,000. */
  readonly headersTimeoutMs: number;
  /** How long a server keeps a connection without a stream: from so long on, at the latest twice that, in milliseconds. 600,000. */
  readonly idleTimeoutMs: number;
  /** How long what was written may take to leave, of a peer that does not read, or slowly, in milliseconds. 120,000. */
  readonly writeTimeoutMs: number;
  /** What is read and thrown away of a request that was answered before it had ended, in bytes. May be 0. 262,144. */
  readonly drainBytes: number;
  /** The same, in milliseconds. May be 0. 1,000. */
  readonly drainMs: number;
}

/** Other bounds in place of some defaults. */
export type LimitOptions = { readonly [Name in keyof Limits]?: number | undefined };

/** The bounds that hold where nobody says otherwise. */
export const defaultLimits: Limits = {
  maxFrameBytes: defaultFrameSize,
  maxHeaderBytes: 65_536,
  maxHeaderFields: 512,
  maxContinuations: 16,
  maxConcurrentStreams: 256,
  streamWindowBytes: initialWindow,
  maxStreamWindowBytes: 16_777_216,
  connectionWindowBytes: 1_048_576,
  outputBacklogBytes: 262_144,
  idleFrameBurst: 1_000,
  idleFrameRate: 200,
  resetBurst: 1_000,
  resetRate: 200,
  handshakeTimeoutMs: 10_000,
  settingsTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 600_000,
  writeTimeoutMs: 120_000,
  drainBytes: 262_144,
  drainMs: 1_000,
};

/** From where to where they may be set. */
export const limitRanges: LimitRanges<Limits> = {
  maxFrameBytes: { least: defaultFrameSize, most: largestFrameSize, why: "RFC 9113 section 4.2" },
  connectionWindowBytes: {
    least: initialWindow,
    why: "a connection's window is that large at first, and only grows: RFC 9113 section 6.9.2",
  },
  drainBytes: { least: 0 },
  drainMs: { least: 0 },
};

/** The defaults, with other bounds in place of some. Throws TypeError, naming option and value. */
export function limitsFrom(given?: LimitOptions): Limits {
  const limits = checkedLimits(defaultLimits, given, limitRanges);
  const { streamWindowBytes, maxStreamWindowBytes } = limits;
  if (streamWindowBytes > maxStreamWindowBytes)
    throw new TypeError(
      `limits.streamWindowBytes is ${streamWindowBytes}: it must be no more than limits.maxStreamWindowBytes, which is ${maxStreamWindowBytes}`,
    );
  return limits;
}
