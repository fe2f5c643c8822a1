import { ErrorCode } from "@millrace/exchange";
import { expect, test } from "vitest";
import { run } from "./support/run.ts";

test("a response that is reset while its connection is stuck ends with that reset, and the server lives", async () => {
  expect(await run(new URL("programs/stuck-reset.ts", import.meta.url), [])).toBe(ErrorCode.INTERNAL_ERROR);
});
