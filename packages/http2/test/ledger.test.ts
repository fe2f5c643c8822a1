import { describe, expect, test } from "vitest";
import { Ledger } from "../src/ledger.ts";

/** How many things may be done at once. */
function allowed(ledger: Ledger, most = 1000): number {
  let count = 0;
  while (count < most && ledger.spend()) count++;
  return count;
}

describe("a ledger", () => {
  test("is full at first, and empty behind its burst", () => {
    expect(allowed(new Ledger(5, 100, { now: () => 0 }))).toBe(5);
  });

  test("fills with time, by its rate, up to its burst", () => {
    let now = 0;
    const ledger = new Ledger(5, 2, { now: () => now });
    allowed(ledger);
    now = 499;
    expect(allowed(ledger)).toBe(0);
    now = 500;
    expect(allowed(ledger)).toBe(1);
    now = 1_000_000;
    expect(allowed(ledger)).toBe(5);
  });

  test("that was idle has its burst, and no more", () => {
    let now = 0;
    const ledger = new Ledger(5, 2, { now: () => now });
    now = 1_000_000;
    expect(allowed(ledger)).toBe(5);
  });

  test("loses nothing of the time between things that it did not allow", () => {
    let now = 0;
    const ledger = new Ledger(1, 1, { now: () => now });
    allowed(ledger);
    for (now = 100; now < 1000; now += 100) expect(ledger.spend()).toBe(false);
    now = 1001;
    expect(ledger.spend()).toBe(true);
  });

  test("gets back what is of use, up to its burst", () => {
    const ledger = new Ledger(5, 1, { now: () => 0 });
    allowed(ledger);
    ledger.earn(3);
    expect(allowed(ledger)).toBe(3);
    ledger.earn(50);
    expect(allowed(ledger)).toBe(5);
  });
});
