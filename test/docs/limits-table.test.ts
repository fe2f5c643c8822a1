import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { defaultLimits } from "../../packages/http2/src/limits.ts";
import { SERVER_LIMITS } from "../../packages/node/src/server/limits.ts";

test.each([
  ["node-servers", SERVER_LIMITS],
  ["http2", defaultLimits],
])("the table of limits in docs/%s.md names each limit that there is, with its default", (name, limits) => {
  const page = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");
  const [, section = ""] = page.split("\n## Limits\n");
  const rows = [...section.matchAll(/^\| (`.+?) +\|.*\| ([\d,; ]+?) +\|$/gm)];
  const documented = rows.flatMap(([, names = "", defaults = ""]) => {
    const values = defaults.split("; ").map((text) => Number(text.replaceAll(",", "")));
    return names.split(", ").map((one, at) => [one.replaceAll("`", ""), values[at]] as const);
  });
  expect(Object.fromEntries(documented)).toEqual(limits);
});
