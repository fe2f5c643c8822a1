import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import { bin } from "./descriptors.ts";
import { generateFolder, writeInto } from "./generated-folder.ts";
import { goldenDescriptors } from "./golden-cases.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

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
  {
    name: "js-nodenext",
    options: "target=js,import_extension=js",
    compiler: { ...nodenext, allowJs: true, checkJs: true },
  },
];

describe("the code of the golden files compiles, beside that of protoc-gen-es and against the runtime", () => {
  test.for(checks)("$name: $options", ({ name, options, compiler }) => {
    const folder = generateFolder(descriptors, name, options);
    const tsconfig = { compilerOptions: { ...strict, ...compiler }, include: ["."] };
    writeInto(folder, "tsconfig.json", JSON.stringify(tsconfig));
    const { stdout } = spawnSync(
      bin("tsc"),
      ["-p", fileURLToPath(folder), "--pretty", "false", "--listFiles"],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    const lines = stdout.split("\n");
    expect(lines.filter((line) => line.includes("_millrace."))).toHaveLength(18);
    // The runtime's sources are part of the program, and have compiler options of their own.
    expect(lines.filter((line) => /\berror TS/.test(line) && !line.startsWith("packages/"))).toEqual([]);
  });
});
