// What fuzzing starts from, and what it once found, read again by everything that it was given to.
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readInputs, regressionFolder, seedFolder } from "./corpus.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

describe.each(Object.entries(targets))("%s", (name, open) => {
  let target: Target;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(() => target.close?.());

  const inputs = [...readInputs(seedFolder(name)), ...readInputs(regressionFolder(name))];
  test.each(inputs.map(({ path, input }) => [basename(path), input] as const))("%s", async (_name, input) => {
    expect(typeof (await target.run(input))).toBe("string");
  });
});
