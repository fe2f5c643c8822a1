import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("20,000 exchanges that have ended go with young objects, without a full collection", async () => {
  const program = join(import.meta.dirname, "young-garbage.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program]);
  expect(Number(stdout)).toBeLessThan(512 * 1024);
}, 60_000);
