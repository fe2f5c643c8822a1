import { checkOptions } from "@millrace/core/host";

import { shown } from "../shown.ts";

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
  /** HTTP/2: resets that a peer may send in a burst, and each second after it; beyond, the connection ends. 1,000. */
  readonly streamResetBurst: number;
  /** HTTP/2: see `streamResetBurst`. 200. */
  readonly streamResetRate: number;
  /** From the connection to the first bytes that tell the protocol, TLS included, in milliseconds. 10,000. */
  readonly handshakeTimeoutMs: number;
  /** HTTP/1.1: until a request's header fields are complete, in milliseconds. 60,000. */
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
  /**
   * How often is looked whether a client still lives, where nothing tells of its end, in milliseconds: over HTTP/1.1 while
   * its request is not read, over HTTP/2 while the server drains. 1,000.
   */
  readonly probeMs: number;
}

/** Other bounds in place of some defaults. */
export type ServerLimitOptions = { readonly [Name in keyof ServerLimits]?: number | undefined };

/** The defaults. */
export const SERVER_LIMITS: ServerLimits = {
  maxHeaderBytes: 65_536,
  maxHeaderFields: 512,
  maxConcurrentStreams: 256,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 1_048_576,
  streamResetBurst: 1_000,
  streamResetRate: 200,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  idleTimeoutMs: 600_000,
  drainBytes: 262_144,
  drainMs: 1_000,
  probeMs: 1_000,
};

/** The largest that node:http2 and Node's timers take. */
const LARGEST = 2 ** 31 - 1;
/** Where nothing at all makes sense. Elsewhere Node takes 0 for "no bound", now and then, or nothing could be served. */
const MAY_BE_ZERO: ReadonlySet<keyof ServerLimits> = new Set(["drainBytes", "drainMs"]);

/** The defaults, with other bounds in place of some. Throws TypeError, naming option and value. */
export function serverLimits(given: ServerLimitOptions | undefined): ServerLimits {
  checkObject(given);
  checkOptions("limits", given, SERVER_LIMITS);
  const limits: { -readonly [Name in keyof ServerLimits]: number } = { ...SERVER_LIMITS };
  for (const [name, value] of Object.entries(given ?? {}) as [keyof ServerLimits, number | undefined][]) {
    if (value === undefined) continue;
    const smallest = MAY_BE_ZERO.has(name) ? 0 : 1;
    if (!Number.isInteger(value) || value < smallest || value > LARGEST)
      throw new TypeError(
        `limits.${name} is ${shown(value)}: it must be a whole number from ${smallest} to ${LARGEST}`,
      );
    limits[name] = value;
  }
  return limits;
}

/** Unknown: configuration files give anything. */
function checkObject(given: unknown): void {
  if (given === undefined || (typeof given === "object" && given !== null && !Array.isArray(given))) return;
  const found = Array.isArray(given) ? "an array" : shown(given);
  throw new TypeError(`limits is ${found}: it must be an object, such as { maxConcurrentStreams: 100 }`);
}
