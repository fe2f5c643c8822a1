import { afterEach, beforeEach, vi } from "vitest";
import { MemoryBudget } from "../../src/call/memory-budget.ts";

/** Bytes that all budgets together have given out. */
export interface BudgetWatch {
  readonly held: number;
  /** The most that were held at once, in this test. */
  readonly peak: number;
}

/** Watches all budgets in each test of a file. */
export function watchBudgets(): BudgetWatch {
  const watch = { held: 0, peak: 0 };
  beforeEach(() => {
    watch.held = 0;
    watch.peak = 0;
    const { take, give } = MemoryBudget.prototype;
    vi.spyOn(MemoryBudget.prototype, "take").mockImplementation(function (this: MemoryBudget, bytes) {
      const taken = take.call(this, bytes);
      if (taken) watch.held += bytes;
      watch.peak = Math.max(watch.peak, watch.held);
      return taken;
    });
    vi.spyOn(MemoryBudget.prototype, "give").mockImplementation(function (this: MemoryBudget, bytes) {
      watch.held -= bytes;
      give.call(this, bytes);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return watch;
}
