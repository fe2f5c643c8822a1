import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Decoded, Peer } from "./peer.ts";
import { tools } from "./tools.ts";

/** The package hpack for Python, which h2 and httpx stand on. */
export function pythonHpack(): Peer {
  const { python } = tools;

  /** One answer a connection. */
  function ask<T>(kind: "decode" | "encode", connections: readonly unknown[]): T[] {
    const input = connections.map((steps) => `${JSON.stringify({ kind, steps })}\n`).join("");
    const program = join(import.meta.dirname, "python_hpack.py");
    const { status, stdout, stderr } = spawnSync(python, [program], {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 30,
    });
    if (status !== 0) throw new Error(`${python} ${program} failed:\n${stderr}`);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as T);
  }

  return {
    name: "Python hpack",
    octets: { min: 0, max: 255 },
    resizes: true,
    decode: (connections) => {
      const hex = connections.map((steps) =>
        steps.map(({ setting, block }) => ({ setting, block: Buffer.from(block).toString("hex") })),
      );
      return ask<Decoded[]>("decode", hex);
    },
    encode: (connections) =>
      ask<string[]>("encode", connections).map((blocks) =>
        blocks.map((digits) => Buffer.from(digits, "hex")),
      ),
  };
}
