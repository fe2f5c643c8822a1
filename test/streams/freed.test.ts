import { expect, test } from "vitest";
import { run } from "../life/support/run.ts";

test("a call that has ended is freed with who made it, whatever the stack of its error leads back to", async () => {
  const left = (await run(new URL("programs/freed.ts", import.meta.url), ["--expose-gc"])) as Readonly<
    Record<string, number>
  >;
  expect(Object.keys(left)).toHaveLength(16);
  expect(left).toEqual(Object.fromEntries(Object.keys(left).map((name) => [name, 0])));
});
