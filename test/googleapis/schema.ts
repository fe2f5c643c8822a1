import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/** The workspace's folder. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** What this command makes; made anew by each run. */
export const cache: string = join(root, ".cache/googleapis");

/** The path of an executable of the workspace. */
export function bin(name: string): string {
  return join(root, "node_modules/.bin", name);
}

/** Two folders that declare what others declare as well. */
const clashing = ["google/protobuf/compiler/ruby", "google/protobuf/util"];

/** Reads the .proto files of npm's google-proto-files, and gives the descriptors of all of them, imports first. */
export function buildDescriptors(): FileDescriptorProto[] {
  const source = dirname(createRequire(import.meta.url).resolve("google-proto-files/package.json"));
  const protos = join(cache, "proto");
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(protos, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === "build" || entry.name === "node_modules") continue;
    cpSync(join(source, entry.name), join(protos, entry.name), { recursive: true });
  }
  for (const folder of clashing) rmSync(join(protos, folder), { recursive: true, force: true });
  writeFileSync(join(cache, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");

  const image = join(cache, "descriptors.binpb");
  const built = spawnSync(bin("buf"), ["build", "--as-file-descriptor-set", "-o", image], { cwd: cache });
  if (built.status !== 0) throw new Error(`buf build: ${built.stderr.toString() || String(built.error)}`);
  return fromBinary(FileDescriptorSetSchema, readFileSync(image)).file;
}

/** Whether a file is one of those that take protoc-gen-es minutes. */
export function isCompute(file: FileDescriptorProto): boolean {
  return file.name.startsWith("google/cloud/compute/");
}
