import { describe, expect, test } from "vitest";
import { readPriority } from "../../src/message/priority.ts";

describe("RFC 9218 section 4: a Priority field", () => {
  test.each([
    ["", 3, false],
    ["u=0", 0, false],
    ["u=7", 7, false],
    ["i", 3, true],
    ["i=?1", 3, true],
    ["i=?0", 3, false],
    ["u=5, i", 5, true],
    ["i,u=1", 1, true],
    ["  u=2 ,\ti ", 2, true],
    ["u=1, u=4", 4, false],
    ["i, i=?0", 3, false],
    ["u=1;x=2, i;y", 1, true],
  ])("%j says urgency %d, incremental %s", (text, urgency, incremental) => {
    expect(readPriority(text)).toEqual({ urgency, incremental });
  });

  test.each([
    ["u=8", "an urgency out of its range"],
    ["u=-1", "a negative one"],
    ["u=1.5", "one that is no integer"],
    ["u", "one that is true"],
    ["i=1", "an incremental that is no boolean"],
    ["x=9, *y", "unknown members"],
  ])("%j says nothing: %s is ignored", (text) => {
    expect(readPriority(text)).toEqual({ urgency: 3, incremental: false });
  });

  test("longer than it may be, it says nothing", () => {
    expect(readPriority(`u=1,${"x,".repeat(125)}y`)).toEqual({ urgency: 1, incremental: false });
    expect(readPriority(`u=1,${"x,".repeat(126)}y`)).toBeUndefined();
  });

  test.each(["U=1", "u=1,", "=1", "u=1,,i", "\0", "1"])("%j is no dictionary", (text) => {
    expect(readPriority(text)).toBeUndefined();
  });
});
