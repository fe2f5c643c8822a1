import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import { generateCase, goldenCases, goldenDescriptors, goldenFolder } from "./golden-cases.ts";

let descriptors: FileDescriptorSet;
beforeAll(() => {
  descriptors = goldenDescriptors();
});

describe("generated code is what the golden files hold, whole (pnpm golden writes them anew)", () => {
  for (const golden of goldenCases) {
    test(`${golden.folder}: ${golden.parameter === "" ? "no options" : golden.parameter}`, () => {
      expect(generateCase(descriptors, golden)).toEqual(
        readFolder(new URL(`${golden.folder}/`, goldenFolder)),
      );
    });
  }
});

function readFolder(folder: URL): Map<string, string> {
  const files = new Map<string, string>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    files.set(path.slice(folder.pathname.length).replace(/^\//, ""), readFileSync(path, "utf8"));
  }
  return files;
}
