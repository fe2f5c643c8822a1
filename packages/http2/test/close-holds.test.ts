import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("close() keeps the process alive until it is through, whatever clients do", async () => {
  const program = join(import.meta.dirname, "close-holds.ts");
  expect(await promisify(execFile)(process.execPath, [program])).toMatchObject({ stdout: "closed\n" });
}, 60_000);
