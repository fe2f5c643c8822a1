import { afterEach, beforeEach, vi } from "vitest";

/** To be called by a describe: its tests' clock stands until they advance it, for the timers of whatever runs here. */
export function fakeClock(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());
}

/** Time passes: every timer that is due by then strikes. */
export function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
}
