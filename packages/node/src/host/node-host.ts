import { AsyncLocalStorage } from "node:async_hooks";
import type { Host } from "@millrace/core/host";
import { compressionByName } from "./compression.ts";

/** The longest delay that setTimeout keeps to, in milliseconds; beyond it Node fires after one. */
export const longestMs: number = 2 ** 31 - 1;

const storage = new AsyncLocalStorage<unknown>();
/** The context in which this module was loaded: outside every call. */
const outside = AsyncLocalStorage.snapshot();

function ignore(): void {}

/** See Host.timer(). Node's timers count whole milliseconds and may come up to one early, so the clock has the word. */
function timer(at: number, run: () => void): () => void {
  if (at === Infinity) return ignore;
  let pending: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const left = Math.ceil(at - performance.now());
    pending = setTimeout(fire, Math.min(Math.max(left, 1), longestMs));
    pending.unref();
  };
  const fire = (): void => {
    if (performance.now() < at) arm();
    else run();
  };
  arm();
  return () => clearTimeout(pending);
}

/** A line of what happened, then what was thrown with its stack: it is of use only with the place it came from. */
function report(what: string, ...thrown: [thrown?: unknown]): void {
  try {
    // oxlint-disable-next-line no-console -- standard error is where such errors go
    console.error(`millrace: ${what}`, ...thrown);
  } catch {
    // Printing runs code of the value's own (getters, inspect.custom): that too must not bring the process down.
  }
}

/**
 * The Host of Node: performance.now() and unref'd timers, AsyncLocalStorage, zlib. `report()` writes to standard error.
 * There is one for the process; everything in @millrace/node uses it.
 */
export const nodeHost: Host = {
  now: () => performance.now(),
  timer,
  nextTurn: (run) => void setImmediate(run),
  enter: (context, run) => storage.run(context, run),
  current: () => storage.getStore(),
  capture: () => AsyncLocalStorage.snapshot(),
  root: (run) => outside(run),
  compression: compressionByName,
  report,
};
