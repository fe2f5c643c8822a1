import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { CodeGeneratorResponse_File, FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { bin } from "./schema.ts";

/** What a plugin made, and how long its process took, from its start to its end. */
export interface Generated {
  readonly files: readonly CodeGeneratorResponse_File[];
  readonly seconds: number;
}

/** Runs a plugin's executable as buf does: one request for all that is wanted, with what it imports. */
export async function runPlugin(
  name: string,
  parameter: string,
  files: readonly FileDescriptorProto[],
  wanted: (file: FileDescriptorProto) => boolean,
): Promise<Generated> {
  const request = toBinary(
    CodeGeneratorRequestSchema,
    create(CodeGeneratorRequestSchema, {
      parameter,
      fileToGenerate: files.filter(wanted).map((file) => file.name),
      protoFile: withImports(files, wanted),
    }),
  );
  const start = performance.now();
  const stdout = await exchange(name, request);
  const seconds = (performance.now() - start) / 1000;
  return { files: fromBinary(CodeGeneratorResponseSchema, stdout).file, seconds };
}

/** The wanted files and all that they import, in the order of `files`, which has imports first. */
function withImports(
  files: readonly FileDescriptorProto[],
  wanted: (file: FileDescriptorProto) => boolean,
): FileDescriptorProto[] {
  const needed = new Set<string>();
  return files
    .toReversed()
    .filter((file) => {
      if (!wanted(file) && !needed.has(file.name)) return false;
      for (const dependency of file.dependency) needed.add(dependency);
      return true;
    })
    .toReversed();
}

/** The same files without comments, which protoc-gen-es looks up in time that grows with the square of a file's size. */
export function withoutComments(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  return files.map(({ sourceCodeInfo: _, ...file }) => create(FileDescriptorProtoSchema, file));
}

/** Writes what plugins made into a folder. */
export function writeFiles(folder: string, files: readonly CodeGeneratorResponse_File[]): void {
  for (const { name, content } of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

function exchange(name: string, stdin: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(bin(name), [], { stdio: ["pipe", "pipe", "inherit"] });
    const chunks: Uint8Array[] = [];
    child.stdout.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    child.on("error", reject);
    child.stdin.on("error", () => {}); // it ended early: its exit code says why
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`${name}: exit code ${code}`));
    });
    child.stdin.end(stdin);
  });
}
