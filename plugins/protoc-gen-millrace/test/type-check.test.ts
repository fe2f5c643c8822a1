import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import { bin, requestFor, respond } from "./descriptors.ts";
import { generateCase, goldenDescriptors } from "./golden-cases.ts";

const root = new URL("../../../", import.meta.url);
// Below the workspace's root, so that @millrace/core is found there.
const cache = new URL(".cache/protoc-gen-millrace/", root);

let descriptors: FileDescriptorSet;
beforeAll(() => {
  descriptors = goldenDescriptors();
});

/** As strict as a user may be, and a little more: what is generated must not need leniency. */
const strict = {
  strict: true,
  skipLibCheck: false,
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  types: ["node"],
  noEmit: true,
  erasableSyntaxOnly: true,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  allowUnreachableCode: false,
};
const explicit = { declaration: true, isolatedDeclarations: true };
const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
const bundler = { module: "esnext", moduleResolution: "bundler" };

const checks = [
  { name: "ts-nodenext", options: "target=ts,import_extension=js", compiler: { ...nodenext, ...explicit } },
  { name: "ts-bundler", options: "target=ts", compiler: { ...bundler, ...explicit } },
  {
    name: "ts-extensions",
    options: "target=ts,import_extension=ts",
    compiler: { ...nodenext, ...explicit, allowImportingTsExtensions: true },
  },
  { name: "dts-nodenext", options: "target=js+dts,import_extension=js", compiler: nodenext },
  { name: "dts-bundler", options: "target=js+dts", compiler: bundler },
  { name: "js-nodenext", options: "target=js,import_extension=js", compiler: { ...nodenext, allowJs: true } },
];

describe("the golden files' code compiles, beside that of protoc-gen-es and against the runtime", () => {
  test.for(checks)("$name: $options", ({ name, options, compiler }) => {
    const folder = new URL(`${name}/`, cache);
    rmSync(folder, { recursive: true, force: true });
    const generated = generateCase(descriptors, { folder: name, parameter: options });
    const pb = respond("protoc-gen-es", requestFor(descriptors, `${options},erasable_syntax=true`));
    for (const { name: path, content } of pb.file) generated.set(path, content);
    for (const [path, content] of generated) write(folder, path, content);
    write(
      folder,
      "tsconfig.json",
      JSON.stringify({ compilerOptions: { ...strict, ...compiler }, include: ["."] }),
    );
    expect(generated.size).toBeGreaterThan(30);

    expect(diagnostics(folder)).toEqual([]);
  });
});

/** What tsc says of generated code. The runtime's sources are part of the program, and have compiler options of their own. */
function diagnostics(folder: URL): string[] {
  const { stdout } = spawnSync(bin("tsc"), ["-p", fileURLToPath(folder), "--pretty", "false"], {
    cwd: fileURLToPath(root),
    encoding: "utf8",
  });
  return stdout.split("\n").filter((line) => line !== "" && !/^(?:packages\/| )/.test(line));
}

function write(folder: URL, path: string, content: string): void {
  const file = new URL(path, folder);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, content);
}
