import { Session } from "node:inspector";
import type { Profiler } from "node:inspector";

/** A stretch of a script that ran. */
interface Stretch {
  readonly url: string;
  readonly start: number;
  readonly end: number;
}

/** The code whose coverage guides: ours, and the protobuf runtime that reads messages for us. */
const guiding = /\/packages\/[^/]+\/src\/|\/@bufbuild\/protobuf\//;

/** Which bytes of the source have run, by the engine's own counters. Modules loaded before start() are not counted. */
export class Coverage {
  readonly #session = new Session();
  /** For each script: 1 where it has run. */
  readonly #ran = new Map<string, Uint8Array>();
  #covered = 0;

  start(): void {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Loading the target ran a good deal of its code: from here on it is counted. */
  begin(): void {
    this.add(this.take());
    this.#covered = 0;
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** Bytes of source that have run since begin(), as far as they were added. */
  get covered(): number {
    return this.#covered;
  }

  /** What has run since the last time and is not added yet. */
  take(): readonly Stretch[] {
    const fresh: Stretch[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      for (const { url, functions } of result) {
        if (!guiding.test(url)) continue;
        const ran = this.#ran.get(url);
        for (const { start, end } of stretches(functions.flatMap(({ ranges }) => ranges)))
          if (ran === undefined || !allRan(ran, start, end)) fresh.push({ url, start, end });
      }
    });
    return fresh;
  }

  add(fresh: readonly Stretch[]): void {
    for (const { url, start, end } of fresh) {
      let ran = this.#ran.get(url);
      if (ran === undefined || ran.length < end) {
        const larger = new Uint8Array(Math.max(end, (ran?.length ?? 0) * 2));
        if (ran !== undefined) larger.set(ran);
        this.#ran.set(url, (ran = larger));
      }
      for (let at = start; at < end; at++) {
        this.#covered += 1 - ran[at]!;
        ran[at] = 1;
      }
    }
  }
}

function allRan(ran: Uint8Array, start: number, end: number): boolean {
  if (end > ran.length) return false;
  for (let at = start; at < end; at++) if (ran[at] === 0) return false;
  return true;
}

/** What ran, of ranges that are nested: each counts for what lies in no smaller one. */
function* stretches(
  ranges: Profiler.CoverageRange[],
): Generator<{ readonly start: number; readonly end: number }> {
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const around: Profiler.CoverageRange[] = [];
  let at = 0;
  for (const next of [...ranges, beyond]) {
    for (let last = around.at(-1); last !== undefined; last = around.at(-1)) {
      const end = Math.min(last.endOffset, next.startOffset);
      if (last.count > 0 && end > at) yield { start: at, end };
      at = Math.max(at, end);
      if (last.endOffset > next.startOffset) break;
      around.pop();
    }
    at = next.startOffset;
    around.push(next);
  }
}

const beyond: Profiler.CoverageRange = { startOffset: Infinity, endOffset: Infinity, count: 0 };
