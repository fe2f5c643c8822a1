import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

/** The statements that the titles of one side's tests name. */
function tested(side: "server" | "client"): Set<string> {
  const own = [`.${side}.test.ts`, ...(side === "client" ? ["framed-rows.ts"] : [])];
  const numbers = readdirSync(new URL(".", import.meta.url))
    .filter((name) => own.some((end) => name.endsWith(end)))
    .flatMap((name) => read(name).split("\n"))
    .filter((line) => !line.startsWith("//"))
    // Rows that sections share are told their numbers.
    .flatMap((line) => [...line.matchAll(/(?:§|unnamed: "|reserved: ")(\d+\.\d+)/g)])
    .map(([, number = ""]) => number);
  return new Set(numbers);
}

test.each(["server", "client"] as const)("the README lists as tested on the %s what titles name", (side) => {
  const rows = [...read("README.md").matchAll(/^\| (\d+\.\d+) +\|[^|]*\| (.+?) +\| (.+?) +\|$/gm)];
  const listed = rows
    .filter((row) => row[side === "server" ? 2 : 3] === "✓")
    .map(([, number = ""]) => number);
  expect(rows.length).toBeGreaterThan(100);
  expect([...tested(side)].sort()).toEqual(listed.sort());
});

test("every other mark of the README is a dash, or names what is tested", () => {
  const numbers = new Set([...tested("server"), ...tested("client")]);
  for (const [, , server = "", client = ""] of read("README.md").matchAll(
    /^\| (\d+\.\d+) +\|[^|]*\| (.+?) +\| (.+?) +\|$/gm,
  ))
    for (const mark of [server, client])
      if (!/^(✓|–.*|test\/life)$/.test(mark)) expect(numbers).toContain(mark.replace("§", ""));
});
