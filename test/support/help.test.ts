import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readArguments } from "../conformance/arguments.ts";
import { isRight } from "../conformance/totals.ts";

function run(program: string, ...args: string[]) {
  const script = join(import.meta.dirname, "..", program, "run.ts");
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8", timeout: 20_000 });
}

test.each(["conformance", "fuzz", "soak", "interop"])(
  "%s --help says how it is used, and does nothing",
  (program) => {
    const { status, stdout, stderr } = run(program, "--help");
    expect(stdout).toMatch(new RegExp(`^pnpm ${program} \\[`));
    expect([status, stderr]).toEqual([0, ""]);
  },
);

test.each([
  [
    "conformance",
    ["nope"],
    'conformance: there is no pass "nope": use client, server, mounted, fetch, deno, bun\n',
  ],
  ["fuzz", ["--secs", "3"], "fuzz: Unknown option '--secs': pnpm fuzz --help says which there are\n"],
  ["fuzz", ["--seconds", "0"], "fuzz: --seconds 0 fuzzes nothing: give 1 or more\n"],
  [
    "fuzz",
    ["--seconds", "-5"],
    "fuzz: what is given as --seconds begins with a dash: pnpm fuzz --help says what --seconds is\n",
  ],
  ["soak", ["--secs", "3"], "soak: Unknown option '--secs': pnpm soak --help says which there are\n"],
  [
    "soak",
    ["--seconds", "-5"],
    "soak: what is given as --seconds begins with a dash: pnpm soak --help says what --seconds is\n",
  ],
  ["soak", ["--mib", "0"], 'soak: --mib is "0": give a whole number from 1 on\n'],
  ["soak", ["attack"], 'soak: there is no section "attack": use vanishing, fairness, link, files, attacks\n'],
])("%s %j ends at once with one line", (program, args, line) => {
  const { status, stdout, stderr } = run(program, ...args);
  expect([status, stdout, stderr]).toEqual([1, "", line]);
});

describe("what is given to conformance", () => {
  const read = (...given: string[]): unknown => {
    const { passes, forRunner } = readArguments(given);
    return [passes.map(({ name }) => name), forRunner];
  };

  test("words are passes; what is behind, the runner's, with or without --", () => {
    expect(read("server", "fetch")).toEqual([["server", "fetch"], []]);
    expect(read("client", "--run", "x/**", "-v")).toEqual([["client"], ["--run", "x/**", "-v"]]);
    expect(read("client", "--", "--run", "client")).toEqual([["client"], ["--run", "client"]]);
    expect(read("--", "bun", "--trace")).toEqual([["bun"], ["--trace"]]);
    expect(read()).toEqual([["client", "server", "mounted", "fetch", "deno", "bun"], []]);
  });

  test("a pass in which no case ran is not right", () => {
    const pass = { name: "x", cases: 2, passed: 2, failed: 0, notRun: 0, exitCode: 0, seconds: 1 };
    expect(isRight(pass)).toBe(true);
    expect(isRight({ ...pass, cases: 0, passed: 0 })).toBe(false);
    expect(isRight({ ...pass, passed: 1 })).toBe(false);
  });
});
