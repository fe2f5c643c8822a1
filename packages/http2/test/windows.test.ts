import { describe, expect, test } from "vitest";
import { ConnectionWindow } from "../src/connection-window.ts";
import { WindowBudget } from "../src/window-budget.ts";
import { WindowTuner } from "../src/window-tuner.ts";

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

  test("is credited once a quarter of it has come, with all that came", () => {
    const window = new ConnectionWindow();
    window.charge(16_383);
    expect(window.credit(65_535)).toBe(0);
    window.charge(1000);
    expect(window.credit(65_535)).toBe(17_383);
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

  test("that takes from another gives no more than either has, and back to both", () => {
    const process = new WindowBudget(100);
    const one = new WindowBudget(70, process);
    const other = new WindowBudget(70, process);
    expect([one.take(90), other.take(90)]).toEqual([70, 30]);
    one.give(70);
    expect([other.take(90), one.take(90)]).toEqual([40, 30]);
    expect(process.take(1)).toBe(0);
  });
});

describe("a window tuner", () => {
  /** A peer that is measured: what it sends, when, and its answers to PING. */
  class Link {
    now = 0;
    pings = 0;
    readonly tuner: WindowTuner;
    #answer: (() => void) | undefined;

    constructor(first: number, most: number) {
      const send = (onAck: () => void): void => {
        this.pings++;
        this.#answer = onAck;
      };
      this.tuner = new WindowTuner(first, most, { now: () => this.now }, { send });
      this.tuner.measure();
    }

    /** So many bytes come within so long, the answer to PING before the last of them. */
    comes(bytes: number, ms: number): void {
      this.now += ms;
      this.#answer?.();
      this.#answer = undefined;
      this.tuner.received(bytes);
      this.tuner.measure();
    }
  }

  test("makes a window larger when most of it comes within a round trip: by four, while nothing queues", () => {
    const link = new Link(1000, 100_000);
    link.comes(700, 50);
    expect(link.tuner.target).toBe(4000);
    link.comes(4000, 50);
    expect(link.tuner.target).toBe(16_000);
  });

  test("by two, when the round trip is longer than it was", () => {
    const link = new Link(1000, 100_000);
    link.comes(1000, 50);
    link.comes(4000, 70);
    expect(link.tuner.target).toBe(8000);
  });

  test("leaves it when less came: it is not the window that the peer waits for", () => {
    const link = new Link(1000, 100_000);
    for (let i = 0; i < 10; i++) link.comes(650, 50);
    expect(link.tuner.target).toBe(1000);
  });

  test("leaves it when the last growth has brought a longer round trip, and not more bytes", () => {
    const link = new Link(1000, 100_000);
    link.comes(1000, 50);
    for (let i = 0; i < 10; i++) link.comes(4000, 150);
    expect(link.tuner.target).toBe(4000);
    // The peer is not busy any more.
    for (let i = 0; i < 3; i++) link.comes(4000, 75);
    expect(link.tuner.target).toBe(8000);
  });

  test("expects no more of the next one for what had been held up, and came at once", () => {
    const link = new Link(1000, 100_000);
    link.comes(5000, 50);
    expect(link.tuner.target).toBe(4000);
    link.comes(3000, 50);
    expect(link.tuner.target).toBe(16_000);
  });

  test("stops at its most, and asks no more then", () => {
    const link = new Link(1000, 3000);
    link.comes(1000, 50);
    expect([link.tuner.target, link.pings]).toEqual([3000, 2]);
    for (let i = 0; i < 3; i++) link.comes(3000, 50);
    expect([link.tuner.target, link.pings]).toEqual([3000, 2]);
  });

  test("counts what comes until PING is answered, and for five milliseconds at least", () => {
    const link = new Link(1000, 100_000);
    link.tuner.received(400);
    link.now = 30;
    link.tuner.measure();
    expect([link.tuner.target, link.pings]).toEqual([1000, 1]);
    link.comes(400, 20);
    expect(link.tuner.target).toBe(4000);

    const near = new Link(1000, 100_000);
    near.comes(1000, 1);
    expect([near.tuner.target, near.pings]).toEqual([1000, 1]);
    near.comes(4000, 4);
    expect(near.tuner.target).toBe(4000);
  });

  test("asks no more when the window is large enough, and again when it is not", () => {
    const link = new Link(1000, 100_000);
    for (let i = 0; i < 10; i++) link.comes(100, 50);
    expect(link.pings).toBe(2);
    link.comes(1000, 50);
    expect([link.tuner.target, link.pings]).toEqual([1000, 3]);
    link.comes(1000, 50);
    expect(link.tuner.target).toBe(4000);
  });
});
