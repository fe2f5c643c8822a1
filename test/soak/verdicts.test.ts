import { describe, expect, test } from "vitest";
import { verdict as ofAttack } from "./attacks/attacking.ts";
import { parseCommandLine } from "./command-line.ts";
import { verdict as ofLink } from "./delayed-link/delayed-link.ts";
import { fairnessChecks, verdict as ofFairness } from "./fairness/fairness.ts";
import { verdict as ofFiles } from "./memory/memory.ts";

describe("a verdict", () => {
  const attack = { ratio: 0.95, answered: 1000, made: 7, grown: 12 };
  const round = { same: [2], other: [2], seconds: 1 };

  test("names the bounds of an attack that do not hold, and no others", () => {
    const figures = "1000 calls, median ratio 0.95 to those without it, +12 MiB; 7 connections attacked";
    expect(ofAttack(attack)).toBe(figures);
    expect(() => ofAttack({ ...attack, ratio: 0.5 })).toThrow(/attacked: the ratio is below 0\.9$/);
    expect(() => ofAttack({ ...attack, ratio: NaN })).toThrow(/attacked: the ratio is below 0\.9$/);
    expect(() => ofAttack({ ...attack, grown: 33 })).toThrow(/attacked: more than 32 MiB$/);
    expect(() => ofAttack({ ...attack, ratio: 0, grown: 33 })).toThrow(/below 0\.9, more than 32 MiB$/);
  });

  test("has the median of ratios, which is not the ratio of the medians beside it", () => {
    const rounds = [round, { ...round, same: [6], other: [4] }, { ...round, same: [3], other: [1] }];
    expect(ofFairness(rounds)).toMatch(/^median ratio 1\.50: 3\.00 ms beside it, 2\.00 ms on another/);
    expect(() => ofFairness([{ ...round, same: [5] }])).toThrow(/: the ratio is above 2$/);
    expect(ofLink({ ours: [90], theirs: [100] })).toMatch(/^median ratio 0\.90: 90 MiB\/s, grpc-go 100/);
    expect(() => ofLink({ ours: [89], theirs: [100] })).toThrow(/: the ratio is below 0\.9$/);
  });

  test("says which process has too much", () => {
    const needed = { client: 10, server: 20, ahead: 1, seconds: 1 };
    expect(ofFiles(needed)).toBe("client +10 MiB, server +20 MiB, 1 MiB under way");
    expect(() => ofFiles({ ...needed, server: 101 })).toThrow(": the server has more than 100 MiB over");
  });
});

test("small calls stand beside a download and an upload", () => {
  expect([...new Set(fairnessChecks(4).map(({ what }) => what))]).toEqual([
    "small calls beside a download of 4 MiB",
    "small calls beside an upload of 4 MiB",
  ]);
});

test("sections are those that are named, or all", () => {
  const chosen = (...args: string[]): string[] => [...parseCommandLine(args).sections];
  expect(chosen("attacks", "--seconds", "5", "vanishing")).toEqual(["vanishing", "attacks"]);
  expect(chosen()).toEqual(["vanishing", "fairness", "link", "files", "attacks"]);
});
