import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import type { CodeGeneratorRequest, CodeGeneratorResponse, FileDescriptorSet } from "@bufbuild/protobuf/wkt";

const root = new URL("../../../", import.meta.url);

/** The path of an executable of the workspace. */
export function bin(name: string): string {
  return fileURLToPath(new URL(`node_modules/.bin/${name}`, root));
}

/** What buf makes of the .proto files of a folder. */
export function buildDescriptors(folder: URL): FileDescriptorSet {
  const built = spawnSync(bin("buf"), ["build", "--as-file-descriptor-set", "-o", "-#format=binpb"], {
    cwd: fileURLToPath(folder),
    maxBuffer: 1 << 30,
  });
  if (built.status !== 0) throw new Error(`buf build: ${built.stderr.toString()}`);
  return fromBinary(FileDescriptorSetSchema, built.stdout);
}

/** A request as buf sends it; without `files`, all but the well-known types are generated. */
export function requestFor(
  set: FileDescriptorSet,
  parameter: string,
  files?: readonly string[],
): CodeGeneratorRequest {
  return create(CodeGeneratorRequestSchema, {
    parameter,
    fileToGenerate:
      files === undefined
        ? set.file.map((file) => file.name).filter((name) => !name.startsWith("google/protobuf/"))
        : [...files],
    protoFile: set.file,
  });
}

/** What a plugin's executable did with what it was given on stdin. */
export interface PluginRun {
  readonly status: number | null;
  readonly stderr: string;
  readonly stdout: Uint8Array;
}

/** Runs a plugin as buf does: a process of its own, bytes on stdin. */
export function runExecutable(name: string, stdin: Uint8Array, args: readonly string[] = []): PluginRun {
  const { status, stderr, stdout, error } = spawnSync(bin(name), [...args], {
    input: stdin,
    maxBuffer: 1 << 30,
  });
  if (error !== undefined) throw error;
  return { status, stderr: stderr.toString(), stdout };
}

/** Runs a plugin that is expected to answer. */
export function respond(name: string, request: CodeGeneratorRequest): CodeGeneratorResponse {
  const { status, stderr, stdout } = runExecutable(name, toBinary(CodeGeneratorRequestSchema, request));
  if (status !== 0) throw new Error(stderr);
  return fromBinary(CodeGeneratorResponseSchema, stdout);
}
