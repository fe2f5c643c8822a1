import type { Host } from "@millrace/core/host";
import { compressionByName } from "./stream-compression.ts";

/** The longest delay that setTimeout keeps to; beyond it engines fire at once. */
const longestTimeout = 2 ** 31 - 1;

function ignore(): void {}

/** See Host.timer(). Timers count whole milliseconds and may come up to one early, so the clock has the word. */
function timer(at: number, run: () => void): () => void {
  if (at === Infinity) return ignore;
  let pending: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const left = Math.ceil(at - performance.now());
    pending = setTimeout(fire, Math.min(Math.max(left, 1), longestTimeout));
    letGo(pending);
  };
  const fire = (): void => {
    if (performance.now() < at) arm();
    else run();
  };
  arm();
  return () => clearTimeout(pending);
}

/** Where timers keep a process alive (Node, Bun and Deno, whose own are numbers), ours do not. */
function letGo(timeout: unknown): void {
  if (typeof timeout === "object") (timeout as { unref?(): void }).unref?.();
  else (globalThis as { Deno?: { unrefTimer?(id: unknown): void } }).Deno?.unrefTimer?.(timeout);
}

/** By a message, since pages that nobody sees have their timers slowed down. */
function nextTurn(run: () => void): void {
  if (typeof MessageChannel === "undefined") {
    setTimeout(run, 0);
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", () => {
    port1.close();
    run();
  });
  port1.start();
  port2.postMessage(null);
}

function report(what: string, ...thrown: [thrown?: unknown]): void {
  try {
    // oxlint-disable-next-line no-console -- where an engine's own unhandled errors go
    console.error(`millrace: ${what}`, ...thrown);
  } catch {
    // Printing runs code of the value's own: that must not do harm either.
  }
}

/**
 * The Host of the web: performance.now(), setTimeout, compression streams. There are no asynchronous contexts, so that
 * deadlines and cancellation are passed on by hand. `report()` writes to the console.
 */
export const webHost: Host = {
  now: () => performance.now(),
  timer,
  nextTurn,
  enter: (_context, run) => run(),
  current: () => undefined,
  capture: () => (run) => run(),
  root: (run) => run(),
  compression: compressionByName,
  report,
};
