import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StreamTable } from "../src/stream-table.ts";

interface Named {
  readonly id: number;
}

function tableOf(...ids: number[]): StreamTable<Named> {
  const table = new StreamTable<Named>();
  for (const id of ids) table.add({ id });
  return table;
}

const idsIn = (table: StreamTable<Named>): number[] => table.values().map(({ id }) => id);

describe("a table of streams", () => {
  test("finds each by its id, and nothing else", () => {
    const stream = { id: 5 };
    const table = tableOf(1, 3);
    table.add(stream);
    expect(table.get(5)).toBe(stream);
    expect(table.get(7)).toBeUndefined();
    expect(table.get(2 ** 31 - 1)).toBeUndefined();
  });

  test("gives them in the order in which they were opened", () => {
    expect(idsIn(tableOf(2 ** 31 - 1, 33, 1, 17, 49))).toEqual([1, 17, 33, 49, 2 ** 31 - 1]);
  });

  test("is as a Map is, whatever ids come and go", () => {
    // Few places, so that many share one.
    const ids = fc.oneof(
      fc.integer({ min: 0, max: 40 }).map((n) => 2 * n + 1),
      fc.integer({ min: 0, max: 40 }).map((n) => n * 2 ** 16 + 1),
    );
    const steps = fc.array(fc.tuple(fc.boolean(), ids), { maxLength: 400 });
    fc.assert(
      fc.property(steps, (each) => {
        const table = new StreamTable<Named>();
        const model = new Map<number, Named>();
        for (const [adds, id] of each) {
          if (!adds) expect(table.delete(id)).toBe(model.delete(id));
          else if (!model.has(id)) {
            const stream = { id };
            model.set(id, stream);
            table.add(stream);
          }
          expect(table.size).toBe(model.size);
          expect(table.get(id)).toBe(model.get(id));
        }
        expect(idsIn(table)).toEqual([...model.keys()].sort((a, b) => a - b));
        for (const [id, stream] of model) expect(table.get(id)).toBe(stream);
      }),
    );
  });

  test("is empty when it is cleared", () => {
    const table = tableOf(...Array.from({ length: 1000 }, (_, n) => 2 * n + 1));
    table.clear();
    expect(table.size).toBe(0);
    expect(table.get(1)).toBeUndefined();
    expect(table.delete(1)).toBe(false);
  });
});
