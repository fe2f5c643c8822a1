import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { createImportSymbol } from "@bufbuild/protoplugin";
import type { Schema } from "@bufbuild/protoplugin";
import { Codecs } from "./codec/codecs.ts";
import { isCovered } from "./codec/fields.ts";
import { printCodec } from "./codec/print-codec.ts";
import type { FileContext, Target } from "./file-context.ts";
import { PbImports } from "./imports.ts";
import { fileNames } from "./names.ts";
import type { OwnOptions } from "./options.ts";
import { printClient, printHandlers } from "./print-interfaces.ts";
import { printLocalCodecs, printMethods, printServices } from "./print-values.ts";
import { rewriter } from "./rewritten.ts";
import { SourceIndex } from "./source-index.ts";

const extensions: Readonly<Record<Target, string>> = { ts: "ts", js: "js", dts: "d.ts" };

/** Prints one `_millrace` file for each file of the schema. */
export function generate(schema: Schema<OwnOptions>, target: Target): void {
  const imports = new PbImports();
  for (const file of schema.files) generateFile(schema, file, target, imports);
}

function generateFile(schema: Schema<OwnOptions>, file: DescFile, target: Target, imports: PbImports): void {
  const f = schema.generateFile(`${file.name}_millrace.${extensions[target]}`);
  f.preamble(file);
  const { codec, rewriteImports } = schema.options;
  const context: FileContext = {
    f,
    target,
    imports,
    codecs: new Codecs(imports, codec, file, rewriter(rewriteImports)),
    AsyncIterable: createImportSymbol("AsyncIterable", ownPath(file), true),
  };
  const services = fileNames(file, new SourceIndex(file.proto));
  if (target !== "js") {
    for (const service of services) {
      printClient(context, service);
      printHandlers(context, service);
    }
  }
  const messages = codec === "generated" ? imports.messages(f, file) : [];
  if (target !== "dts") {
    const methods = services.flatMap((service) => service.methods);
    const used = methods.flatMap(({ desc }) => [desc.input, desc.output]);
    printLocalCodecs(context, new Set([...messages.flatMap(typesOfFields), ...used]));
  }
  for (const message of messages) printCodec(context, message);
  for (const service of services) {
    printMethods(context, service);
    printServices(context, service);
  }
}

/** The messages whose codecs are used by a message's own. */
function typesOfFields(message: DescMessage): DescMessage[] {
  if (!isCovered(message)) return [];
  return message.fields.map((field) => field.message).filter((type) => type !== undefined);
}

/** How the file that is being printed is imported: a symbol from there is printed as it is, and its name is kept free. */
function ownPath(file: DescFile): string {
  return `${/^\.{1,2}\//.test(file.name) ? "" : "./"}${file.name}_millrace.js`;
}
