import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { requestFor, respond } from "./descriptors.ts";
import { generateCase } from "./golden-cases.ts";

// Below the workspace's root, so that @millrace/core is found there.
const cache = new URL("../../../.cache/protoc-gen-millrace/", import.meta.url);

/** Writes what both plugins make of all of test/golden/proto into a new folder of that name. */
export function generateFolder(descriptors: FileDescriptorSet, name: string, parameter: string): URL {
  const folder = new URL(`${name}/`, cache);
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of generateCase(descriptors, { folder: name, parameter })) {
    writeInto(folder, path, content);
  }
  const pb = respond("protoc-gen-es", requestFor(descriptors, `${parameter},erasable_syntax=true`));
  for (const { name: path, content } of pb.file) writeInto(folder, path, content);
  return folder;
}

/** Writes a file, and the folders that it needs. */
export function writeInto(folder: URL, path: string, content: string): void {
  const file = new URL(path, folder);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, content);
}
