import { describe, expect, test } from "vitest";
import { notReady, ReadyQueue } from "../src/ready-queue.ts";
import type { SendHalf } from "../src/send-half.ts";

/** As much of a stream as the queue looks at. */
function stream(id: number, urgency = 3): SendHalf {
  return { id, urgency, readyUrgency: notReady, previousReady: null, nextReady: null } as SendHalf;
}

function takeAll(queue: ReadyQueue): number[] {
  const taken: number[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) taken.push(next.id);
  return taken;
}

describe("streams that wait for room", () => {
  test("come out in the order they went in, once each", () => {
    const queue = new ReadyQueue();
    const [a, b, c] = [stream(1), stream(2), stream(3)];
    for (const each of [a, b, a, c, b]) queue.add(each);
    expect(queue.isEmpty).toBe(false);
    expect(takeAll(queue)).toEqual([1, 2, 3]);
    expect(queue.isEmpty).toBe(true);
  });

  test("come out by urgency", () => {
    const queue = new ReadyQueue();
    [7, 0, 3, 0, 7].forEach((urgency, id) => queue.add(stream(id, urgency)));
    expect(takeAll(queue)).toEqual([1, 3, 2, 0, 4]);
  });

  test("starve in no urgency: one turn in 16 goes round those that wait", () => {
    const queue = new ReadyQueue();
    for (const urgency of [0, 3, 7]) queue.add(stream(urgency, urgency));
    const turns = Array.from({ length: 96 }, () => {
      const next = queue.take()!;
      queue.add(next);
      return next.id;
    });
    const others = turns.flatMap((id, turn) => (id === 0 ? [] : [[turn, id]]));
    expect(others).toEqual([
      [31, 3],
      [47, 7],
      [79, 3],
      [95, 7],
    ]);
  });

  test("may be put back before the others of their urgency", () => {
    const queue = new ReadyQueue();
    for (const id of [1, 2]) queue.add(stream(id));
    const first = queue.take()!;
    queue.putBack(first);
    queue.add(first);
    queue.add(stream(3));
    queue.add(stream(4, 0));
    expect(takeAll(queue)).toEqual([4, 1, 2, 3]);
    queue.putBack(first);
    queue.add(stream(5));
    expect(takeAll(queue)).toEqual([1, 5]);
  });

  test("may go before their turn, from any place, and come back", () => {
    for (const gone of [0, 1, 2]) {
      const queue = new ReadyQueue();
      const streams = [stream(0), stream(1), stream(2)];
      for (const each of streams) queue.add(each);
      // It is taken from where it went in.
      streams[gone]!.urgency = 0;
      queue.remove(streams[gone]!);
      queue.remove(streams[gone]!);
      queue.add(stream(3));
      expect(takeAll(queue)).toEqual([0, 1, 2, 3].filter((id) => id !== gone));
      queue.add(streams[gone]!);
      expect(takeAll(queue)).toEqual([gone]);
      expect(queue.isEmpty).toBe(true);
    }
  });

  test("may come back after their turn, with another urgency", () => {
    const queue = new ReadyQueue();
    const [a, b] = [stream(1, 1), stream(2, 1)];
    queue.add(a);
    queue.add(b);
    a.urgency = 0;
    expect(queue.take()).toBe(a);
    queue.add(a);
    expect(takeAll(queue)).toEqual([1, 2]);
  });
});
