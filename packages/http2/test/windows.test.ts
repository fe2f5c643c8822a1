import { describe, expect, test } from "vitest";
import { ConnectionWindow } from "../src/connection-window.ts";
import { WindowBudget, WindowTuner } from "../src/window-tuner.ts";

describe("a connection's window", () => {
  test("section 6.9.2: has 65,535 bytes at first, to the byte", () => {
    expect(new ConnectionWindow().charge(65_535)).toBe(true);
    expect(new ConnectionWindow().charge(65_536)).toBe(false);
  });

  test("grows by what it is told, and never shrinks", () => {
    const window = new ConnectionWindow();
    expect(window.grow(100_000)).toBe(34_465);
    expect(window.grow(50_000)).toBe(0);
    expect(window.charge(100_000)).toBe(true);
    expect(window.charge(1)).toBe(false);
  });

  test("is credited once half of it has come, with all that came", () => {
    const window = new ConnectionWindow();
    window.charge(32_767);
    expect(window.credit(65_535)).toBe(0);
    window.charge(1000);
    expect(window.credit(65_535)).toBe(33_767);
    expect(window.credit(65_535)).toBe(0);
    expect(window.charge(65_535)).toBe(true);
    expect(window.charge(1)).toBe(false);
  });

  test("grows with the next credit to what it should be", () => {
    const window = new ConnectionWindow();
    window.charge(40_000);
    expect(window.credit(100_000)).toBe(40_000 + 34_465);
    expect(window.charge(100_000)).toBe(true);
    expect(window.charge(1)).toBe(false);
  });
});

describe("a budget of windows", () => {
  test("gives what is left of it, and takes it back", () => {
    const budget = new WindowBudget(100);
    expect([budget.take(60), budget.take(60), budget.take(60)]).toEqual([60, 40, 0]);
    budget.give(50);
    expect(budget.take(60)).toBe(50);
  });
});

describe("a window tuner", () => {
  /** A link on which so many bytes come within a round trip of so many milliseconds. */
  function roundTrip(link: Link, bytes: number, ms: number): void {
    link.tuner.measure();
    link.tuner.received(bytes);
    link.now += ms;
    link.acknowledge.shift()?.();
  }

  interface Link {
    now: number;
    readonly acknowledge: (() => void)[];
    readonly tuner: WindowTuner;
  }

  function linkOf(first: number, most: number): Link {
    const acknowledge: (() => void)[] = [];
    const tuner = new WindowTuner(
      first,
      most,
      () => link.now,
      (onAck) => void acknowledge.push(onAck),
    );
    const link: Link = { now: 0, acknowledge, tuner };
    return link;
  }

  test("grows to twice what came within a round trip, when that was most of the window", () => {
    const link = linkOf(1000, 100_000);
    roundTrip(link, 900, 50);
    expect(link.tuner.target).toBe(1800);
  });

  test("stays when less came: the window is not what holds the link up", () => {
    const link = linkOf(1000, 100_000);
    roundTrip(link, 650, 50);
    expect(link.tuner.target).toBe(1000);
  });

  test("stays when a larger window made nothing faster", () => {
    const link = linkOf(1000, 100_000);
    roundTrip(link, 1000, 50);
    expect(link.tuner.target).toBe(2000);
    roundTrip(link, 2000, 101);
    expect(link.tuner.target).toBe(2000);
  });

  test("grows to its most, and asks no more then", () => {
    const link = linkOf(1000, 3000);
    roundTrip(link, 1000, 50);
    roundTrip(link, 2000, 50);
    expect(link.tuner.target).toBe(3000);
    link.tuner.measure();
    expect(link.acknowledge).toHaveLength(0);
  });

  test("asks once at a time, and counts what came since", () => {
    const link = linkOf(1000, 100_000);
    link.tuner.received(5000);
    link.tuner.measure();
    link.tuner.measure();
    expect(link.acknowledge).toHaveLength(1);
    link.tuner.received(700);
    link.now = 10;
    link.acknowledge[0]!();
    expect(link.tuner.target).toBe(1400);
  });
});
