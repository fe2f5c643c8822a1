import type { DescFile } from "@bufbuild/protobuf";
import { createImportSymbol } from "@bufbuild/protoplugin";
import type { Schema } from "@bufbuild/protoplugin";
import type { FileContext, Target } from "./file-context.ts";
import { PbImports } from "./imports.ts";
import { CodecNames, fileNames } from "./names.ts";
import { printClient, printHandlers } from "./print-interfaces.ts";
import { printCodecs, printMethods, printServices } from "./print-values.ts";
import { SourceIndex } from "./source-index.ts";

const extensions: Readonly<Record<Target, string>> = { ts: "ts", js: "js", dts: "d.ts" };

/** Prints one `_millrace` file for each file of the schema. */
export function generate(schema: Schema, target: Target): void {
  const imports = new PbImports();
  for (const file of schema.files) generateFile(schema, file, target, imports);
}

function generateFile(schema: Schema, file: DescFile, target: Target, imports: PbImports): void {
  const f = schema.generateFile(`${file.name}_millrace.${extensions[target]}`);
  f.preamble(file);
  const context: FileContext = {
    f,
    target,
    imports,
    codecs: new CodecNames((message) => imports.shapeName(f, message)),
    AsyncIterable: createImportSymbol("AsyncIterable", ownPath(file), true),
  };
  for (const service of fileNames(file, new SourceIndex(file.proto))) {
    if (target !== "js") {
      printClient(context, service);
      printHandlers(context, service);
    }
    if (target !== "dts") printCodecs(context, service);
    printMethods(context, service);
    printServices(context, service);
  }
}

/** How the file that is being printed is imported: a symbol from there is printed as it is, and its name is kept free. */
function ownPath(file: DescFile): string {
  return `${/^\.{1,2}\//.test(file.name) ? "" : "./"}${file.name}_millrace.js`;
}
