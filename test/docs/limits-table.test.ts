import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SERVER_LIMITS } from "../../packages/node/src/server/limits.ts";

test("the table of limits in docs/node-servers.md names each limit that there is, with its default", () => {
  const page = readFileSync(new URL("../../docs/node-servers.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("\n## Limits\n");
  const rows = [...section.matchAll(/^\| (`.+?) +\|.*\| ([\d,; ]+?) +\|$/gm)];
  const documented = rows.flatMap(([, names = "", defaults = ""]) => {
    const values = defaults.split("; ").map((text) => Number(text.replaceAll(",", "")));
    return names.split(", ").map((name, at) => [name.replaceAll("`", ""), values[at]] as const);
  });
  expect(Object.fromEntries(documented)).toEqual(SERVER_LIMITS);
});
