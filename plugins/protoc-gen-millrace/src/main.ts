#!/usr/bin/env node
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { oneLine, PluginError } from "./plugin-error.ts";
import { pluginName, pluginVersion, run } from "./plugin.ts";

const usage =
  "is run by buf or protoc: a CodeGeneratorRequest comes on stdin, a CodeGeneratorResponse goes to stdout";

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${pluginName}: ${oneLine(error)}\n`);
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-v")) {
    process.stdout.write(`${pluginName} ${pluginVersion}\n`);
    return;
  }
  if (args.length > 0 || process.stdin.isTTY) throw new PluginError(usage);
  const request = parse(await readAll());
  await writeAll(toBinary(CodeGeneratorResponseSchema, run(request)));
}

function parse(bytes: Uint8Array): CodeGeneratorRequest {
  try {
    return fromBinary(CodeGeneratorRequestSchema, bytes);
  } catch (error) {
    throw new PluginError(
      `stdin: these ${bytes.byteLength} bytes are no whole CodeGeneratorRequest (${oneLine(error)}): run the plugin through buf or protoc`,
    );
  }
}

async function readAll(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function writeAll(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.on("error", reject);
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
