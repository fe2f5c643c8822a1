import { afterEach, beforeEach, expect } from "vitest";

/** Every test of the file that calls it fails if anything went unhandled meanwhile. */
export function expectQuiet(): void {
  const heard: unknown[] = [];
  const listener = (error: unknown): void => void heard.push(error);
  beforeEach(() => {
    heard.length = 0;
    process.on("uncaughtException", listener);
    process.on("unhandledRejection", listener);
  });
  afterEach(async () => {
    // Rejections are told of when the microtasks have run; what sockets still hold, a turn later.
    await turn();
    await turn();
    process.off("uncaughtException", listener);
    process.off("unhandledRejection", listener);
    expect(heard).toEqual([]);
  });
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Settles when a number has not changed for a while, in turns of the event loop. */
export async function steady(count: () => number): Promise<void> {
  let before = count();
  for (let turns = 0; turns < 50; turns++) {
    await turn();
    if (count() !== before) turns = 0;
    before = count();
  }
}
