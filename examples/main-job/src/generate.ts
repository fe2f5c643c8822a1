import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { promisify } from "node:util";
import { root } from "./root.ts";

/** Runs `buf generate`: both plugins on proto/, as buf.gen.yaml says. */
export async function generate(stream: Writable): Promise<void> {
  const start = performance.now();
  await promisify(execFile)(join(root, "node_modules/.bin/buf"), ["generate"], { cwd: root });
  const ms = (performance.now() - start).toFixed(0);
  stream.write(`Generated  gen/ from proto/ with protoc-gen-es and protoc-gen-millrace, ${ms} ms\n`);
}
