import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const generated = "../../../../gen/millrace/bench/v1/record_millrace.ts";

/** Bytes of a bundle as it goes over the wire. */
async function compressed(program: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
  });
  return brotliCompressSync(outputFiles[0]!.text).length;
}

/** What generated code imports from the runtime, kept whole. */
function runtime(): string {
  const text = readFileSync(new URL(generated, import.meta.url), "utf8");
  const names = /^import \{(.+)\} from "@millrace\/core\/wire";$/m.exec(text)![1]!;
  return `import {${names}} from "@millrace/core/wire"; globalThis.parts = [${names}];`;
}

test("the codec of the benchmarks' message, nested one included, adds less than 0.6 kB to a bundle", async () => {
  const own = `import { Record$codec } from "${generated}"; globalThis.codec = Record$codec;`;
  const added = (await compressed(runtime() + own)) - (await compressed(runtime()));
  expect(added).toBeGreaterThan(300);
  expect(added).toBeLessThan(600);
});

test("codec and runtime are less than a quarter of what goes by descriptors", async () => {
  const whole = await compressed(`export { Record$codec } from "${generated}";`);
  const reflective = await compressed(`
    import { reflectiveCodec } from "@millrace/core/reflect";
    import { RecordSchema } from "../../../../gen/millrace/bench/v1/record_pb.ts";
    export const codec = reflectiveCodec(RecordSchema);
  `);
  expect(whole).toBeLessThan(reflective / 4);
});
