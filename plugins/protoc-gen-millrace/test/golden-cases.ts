import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { pluginVersion, run } from "../src/plugin.ts";
import { buildDescriptors, requestFor } from "./descriptors.ts";

/** A folder of golden files, and what it is made with. */
export interface GoldenCase {
  /** Below test/golden. */
  readonly folder: string;
  readonly parameter: string;
  /** All of test/golden/proto when left out. */
  readonly files?: readonly string[];
}

/** Every golden file comes of one of these. */
export const goldenCases: readonly GoldenCase[] = [
  { folder: "ts", parameter: "target=ts,import_extension=js" },
  { folder: "js", parameter: "target=js+dts,import_extension=js" },
  { folder: "options/none", parameter: "", files: ["imports.proto"] },
  {
    folder: "options/import_extension",
    parameter: "target=ts,import_extension=ts",
    files: ["imports.proto"],
  },
  {
    folder: "options/js_import_style",
    parameter: "target=js+dts,js_import_style=legacy_commonjs",
    files: ["imports.proto"],
  },
  {
    folder: "options/keep_empty_files",
    parameter: "target=ts+js+dts,keep_empty_files=true,codec=reflect",
    files: ["shared/shared.proto"],
  },
  {
    folder: "options/codec",
    parameter: "target=ts,import_extension=js,codec=reflect",
    files: ["fields.proto", "imports.proto"],
  },
  {
    folder: "options/ts_nocheck",
    parameter: "target=ts,ts_nocheck=true,elide_plugin_version=true,erasable_syntax=true",
    files: ["empty_service.proto"],
  },
  {
    folder: "options/map_imports",
    parameter: "target=ts,map_imports=shared/:@example/shared,map_imports=nested/**:@example/nested/",
    files: ["imports.proto"],
  },
  {
    folder: "options/rewrite_imports",
    parameter:
      "target=ts,rewrite_imports=./shared/*_pb.js:@example/shared,rewrite_imports=@millrace/core:@example/runtime",
    files: ["imports.proto"],
  },
];

/** Where the golden files and their .proto files are. */
export const goldenFolder: URL = new URL("golden/", import.meta.url);

/** The descriptors of test/golden/proto. */
export function goldenDescriptors(): FileDescriptorSet {
  return buildDescriptors(goldenFolder);
}

/** What the plugin prints today, by path below the case's folder. */
export function generateCase(
  descriptors: FileDescriptorSet,
  { parameter, files }: GoldenCase,
): Map<string, string> {
  const response = run(requestFor(descriptors, parameter, files));
  // A release must not change every golden file.
  return new Map(
    response.file.map(({ name, content }) => [name, content.replace(` ${pluginVersion}`, " v0.0.0")]),
  );
}
