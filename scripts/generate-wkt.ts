// Writes the codecs of the well-known types into packages/core/src/wkt, as the plugin prints them. A test says when they
// are out of date.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { DescFile } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { run } from "../plugins/protoc-gen-millrace/src/plugin.ts";

const folder = join(import.meta.dirname, "../packages/core/src/wkt");

const files: readonly DescFile[] = [
  wkt.file_google_protobuf_any,
  wkt.file_google_protobuf_api,
  wkt.file_google_protobuf_duration,
  wkt.file_google_protobuf_empty,
  wkt.file_google_protobuf_field_mask,
  wkt.file_google_protobuf_source_context,
  wkt.file_google_protobuf_struct,
  wkt.file_google_protobuf_timestamp,
  wkt.file_google_protobuf_type,
  wkt.file_google_protobuf_wrappers,
];

/** What is to be in each file of packages/core/src/wkt. */
export function wellKnownCodecs(): Map<string, string> {
  const inOrder = new Set<DescFile>();
  const add = (file: DescFile): void => {
    file.dependencies.forEach(add);
    inOrder.add(file);
  };
  files.forEach(add);
  const response = run(
    create(wkt.CodeGeneratorRequestSchema, {
      parameter: "target=ts,import_extension=ts,elide_plugin_version=true",
      fileToGenerate: files.map(({ proto }) => proto.name),
      protoFile: [...inOrder].map(({ proto }) => proto),
    }),
  );
  return new Map(response.file.map(({ name, content }) => [fileName(name), inCore(content)]));
}

function fileName(generated: string): string {
  return `${/([a-z_]+)_millrace\.ts$/.exec(generated)![1]!.replaceAll("_", "-")}.ts`;
}

/** Core reaches its own parts by their paths. */
function inCore(content: string): string {
  return content
    .replace(/"\.\/\w+_pb\.ts"/g, '"@bufbuild/protobuf/wkt"')
    .replace(/"\.\/(\w+)_millrace\.ts"/g, (_, name: string) => `"./${name.replaceAll("_", "-")}.ts"`)
    .replaceAll('"@millrace/core/wire"', '"../wire/index.ts"')
    .replaceAll('"@millrace/core/wkt"', '"./struct-json.ts"');
}

if (import.meta.main) {
  for (const [name, content] of wellKnownCodecs()) writeFileSync(join(folder, name), content);
}
