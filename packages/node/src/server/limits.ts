import { checkOptions } from "@millrace/core/host";
import { checkedLimits, defaultLimits, limitRanges, type LimitRanges } from "@millrace/http2";

/**
 * What one server lets a peer make it hold, and for how long, as far as it can be set. All are whole numbers from 1 to
 * 2,147,483,647; `drainBytes` and `drainMs` may be 0. Fixed bounds stand beside what they bound: requests sent ahead over
 * HTTP/1.1 (`pipeline.ts`); in core incomplete messages (`MemoryBudget`, `StallWatch`), responses that are not taken
 * (`ConnectionLoad`) and those that wait for the end of their request (`OutgoingResponse`).
 */
export interface ServerLimits {
  /** A request's header fields, in bytes. 65,536. */
  readonly maxHeaderBytes: number;
  /** A request's header fields, counted. 512. */
  readonly maxHeaderFields: number;
  /**
   * HTTP/2: requests at once on one connection (RFC 9113 section 6.5.2, SETTINGS_MAX_CONCURRENT_STREAMS). Over any version:
   * how many of a connection's handlers run, those counted whose client has gone; the calls beyond wait. 256.
   */
  readonly maxConcurrentStreams: number;
  /**
   * HTTP/2: bytes that a peer may send on a stream that is not read (SETTINGS_INITIAL_WINDOW_SIZE). One that is read gets more
   * where the link holds more. 65,535.
   */
  readonly streamWindowBytes: number;
  /** HTTP/2: bytes under way on a connection at first. Credit comes on receipt, whoever reads. 1,048,576. */
  readonly connectionWindowBytes: number;
  /**
   * HTTP/2: streams of a client's that come to nothing, at once: that it resets, and that this side resets or refuses for its
   * mistakes. Beyond, the connection ends with ENHANCE_YOUR_CALM. 1,000.
   */
  readonly streamResetBurst: number;
  /** The same, each second. 200. */
  readonly streamResetRate: number;
  /**
   * From the connection to the first bytes that tell the protocol, TLS included, in milliseconds; over HTTP/2 as long once more,
   * until the client's SETTINGS have come. 10,000.
   */
  readonly handshakeTimeoutMs: number;
  /**
   * Until a request's header fields are complete, in milliseconds. Over HTTP/2 the same for any frame but DATA: from so long on,
   * at the latest twice that. 60,000.
   */
  readonly headersTimeoutMs: number;
  /**
   * HTTP/1.1: how long an unused connection is kept, in milliseconds. 75,000: longer than the 60 s after which common
   * proxies close theirs, so that none sends a request into a connection that we are closing.
   */
  readonly keepAliveTimeoutMs: number;
  /** HTTP/2: how long a connection is kept on which nothing runs, and at most twice that, in milliseconds. 600,000. */
  readonly idleTimeoutMs: number;
  /** What is read and thrown away of a request that was answered before it had ended, in bytes. 262,144. */
  readonly drainBytes: number;
  /** The same, in milliseconds. 1,000. */
  readonly drainMs: number;
  /** HTTP/1.1: how often is looked whether a client whose request is not read still lives, in milliseconds. 1,000. */
  readonly probeMs: number;
}

/** Other bounds in place of some defaults. */
export type ServerLimitOptions = { readonly [Name in keyof ServerLimits]?: number | undefined };

const { drainBytes, drainMs, handshakeTimeoutMs, idleTimeoutMs, resetBurst, resetRate } = defaultLimits;
const { connectionWindowBytes, maxConcurrentStreams, maxHeaderBytes, maxHeaderFields, streamWindowBytes } =
  defaultLimits;

/** The defaults: those of the HTTP/2 engine, but for `headersTimeoutMs`, and for what it does not know. */
export const SERVER_LIMITS: ServerLimits = {
  maxHeaderBytes,
  maxHeaderFields,
  maxConcurrentStreams,
  streamWindowBytes,
  connectionWindowBytes,
  streamResetBurst: resetBurst,
  streamResetRate: resetRate,
  handshakeTimeoutMs,
  headersTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  idleTimeoutMs,
  drainBytes,
  drainMs,
  probeMs: 1_000,
};

/** Elsewhere Node takes 0 for "no bound", now and then, or nothing could be served. */
const ranges: LimitRanges<ServerLimits> = {
  connectionWindowBytes: limitRanges.connectionWindowBytes,
  drainBytes: { least: 0 },
  drainMs: { least: 0 },
};

/** The defaults, with other bounds in place of some. Throws TypeError, naming option and value. */
export function serverLimits(given: ServerLimitOptions | undefined): ServerLimits {
  if (typeof given === "object" && given !== null && !Array.isArray(given))
    checkOptions("limits", given, SERVER_LIMITS);
  return checkedLimits(SERVER_LIMITS, given, ranges);
}
