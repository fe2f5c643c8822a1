import { readFileSync } from "node:fs";
import type { CodeGeneratorRequest, CodeGeneratorResponse } from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin } from "@bufbuild/protoplugin";
import { checkRequest } from "./check-request.ts";
import { generate } from "./generate.ts";
import { oneLine, PluginError } from "./plugin-error.ts";
import { checkParameter, parseOwnOptions } from "./options.ts";

/** The plugin's name, as buf and protoc look for it. */
export const pluginName = "protoc-gen-millrace";

/** The plugin's version, as generated files name it: `v0.1.0`. */
export const pluginVersion: string = `v${readVersion()}`;

const plugin = createEcmaScriptPlugin({
  name: pluginName,
  version: pluginVersion,
  parseOptions: parseOwnOptions,
  generateTs: generate,
  generateJs: generate,
  generateDts: generate,
});

/** Answers one request of buf or protoc. Throws a PluginError when something in it is not right. */
export function run(request: CodeGeneratorRequest): CodeGeneratorResponse {
  checkParameter(request.parameter);
  checkRequest(request);
  try {
    return plugin.run(request);
  } catch (error) {
    if (error instanceof PluginError) throw error;
    const [first = "", ...others] = request.fileToGenerate;
    const files = others.length === 0 ? first : `${first} and ${others.length} more`;
    throw new PluginError(
      `${files}: these descriptors are broken in a way that nobody thought of: ${oneLine(error)}`,
    );
  }
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}
