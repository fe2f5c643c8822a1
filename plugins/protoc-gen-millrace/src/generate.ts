import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { createImportSymbol } from "@bufbuild/protoplugin";
import type { GeneratedFile, Schema } from "@bufbuild/protoplugin";
import { coreImport, PbImports, reflectImport } from "./imports.ts";
import type { ImportSymbol } from "./imports.ts";
import { codecNames, fileNames } from "./names.ts";
import type { MethodNames, ServiceNames } from "./names.ts";
import { SourceIndex } from "./source-index.ts";

/** What is printed: TypeScript, JavaScript, or declarations. */
export type Target = "ts" | "js" | "dts";

const extensions: Readonly<Record<Target, string>> = { ts: "ts", js: "js", dts: "d.ts" };

/** Lets bundlers drop what nobody imports. */
const pure = "/*@__PURE__*/";

/** What the printing of one file's services shares. */
interface Context {
  readonly f: GeneratedFile;
  readonly target: Target;
  readonly source: SourceIndex;
  readonly imports: PbImports;
  readonly codecs: ReadonlyMap<DescMessage, string>;
  /** Codecs that have been printed. */
  readonly printed: Set<DescMessage>;
  /** The global type, imported by nobody; a message of that name gets another one in this file. */
  readonly AsyncIterable: ImportSymbol;
}

/** Prints one `_millrace` file for each file of the schema. */
export function generate(schema: Schema, target: Target): void {
  const imports = new PbImports();
  for (const file of schema.files) generateFile(schema, file, target, imports);
}

function generateFile(schema: Schema, file: DescFile, target: Target, imports: PbImports): void {
  const f = schema.generateFile(`${file.name}_millrace.${extensions[target]}`);
  f.preamble(file);
  const services = fileNames(file);
  const context: Context = {
    f,
    target,
    source: new SourceIndex(file.proto),
    imports,
    codecs: codecNames(messagesOf(file), (message) => imports.shape(f, message).name),
    printed: new Set(),
    AsyncIterable: createImportSymbol("AsyncIterable", ownPath(file), true),
  };
  for (const [index, service] of services.entries()) {
    if (target !== "js") printInterfaces(context, service, index);
    if (target !== "dts") printCodecs(context, service);
    printMethods(context, service, index);
    printServices(context, service, index);
  }
}

/** How the file that is being printed is imported: a symbol from there is printed as it is, and its name is kept free. */
function ownPath(file: DescFile): string {
  return `${/^\.{1,2}\//.test(file.name) ? "" : "./"}${file.name}_millrace.js`;
}

function* messagesOf(file: DescFile): Iterable<DescMessage> {
  for (const service of file.services) {
    for (const method of service.methods) yield* [method.input, method.output];
  }
}

function printInterfaces(context: Context, names: ServiceNames, index: number): void {
  const { f, source } = context;
  const deprecated = names.desc.deprecated || names.desc.file.deprecated;
  const { typeName } = names.desc;

  printDoc(f, source.comment(index), `Calls ${typeName}.`, deprecated);
  if (names.methods.length === 0) {
    f.print(f.export("interface", names.client), " {}");
  } else {
    f.print(f.export("interface", names.client), " {");
    for (const [i, method] of names.methods.entries())
      printClientMember(context, method, source.comment(index, i));
    f.print("}");
  }
  f.print();

  printDoc(f, `Implements ${typeName}.`, "", deprecated);
  if (names.methods.length === 0) {
    f.print(f.export("interface", names.handlers), " {}");
  } else {
    f.print(f.export("interface", names.handlers), " {");
    for (const [i, method] of names.methods.entries())
      printHandlerMember(context, method, source.comment(index, i));
    f.print("}");
  }
  f.print();
}

function printClientMember({ f, imports }: Context, { desc, member }: MethodNames, comment: string): void {
  const input = imports.shape(f, desc.input);
  const output = imports.shape(f, desc.output);
  const options = ["options?: ", coreImport("CallOptions")];
  switch (desc.methodKind) {
    case "unary":
    case "server_streaming": {
      const result = coreImport(desc.methodKind === "unary" ? "ReplyPromise" : "ReplyStream");
      printDoc(f, comment, "", desc.deprecated, "  ");
      f.print`  readonly ${member}: (request: ${coreImport("Init")}<${input}>, ${options}) => ${result}<${output}>;`;
      break;
    }
    case "client_streaming":
    case "bidi_streaming": {
      const single = desc.methodKind === "client_streaming";
      const call = coreImport(single ? "ClientStreamCall" : "BidiCall");
      const result = coreImport(single ? "ReplyPromise" : "ReplyStream");
      f.print`  readonly ${member}: {`;
      printDoc(f, comment, "", desc.deprecated, "    ");
      f.print`    (${options}): ${call}<${input}, ${output}>;`;
      printDoc(f, comment, "", desc.deprecated, "    ");
      f.print`    (requests: ${coreImport("Messages")}<${input}>, ${options}): ${result}<${output}>;`;
      f.print("  };");
      break;
    }
  }
}

function printHandlerMember(context: Context, { desc, member }: MethodNames, comment: string): void {
  const { f, imports } = context;
  const input = imports.shape(f, desc.input);
  const output = imports.shape(f, desc.output);
  const request =
    desc.methodKind === "unary" || desc.methodKind === "server_streaming"
      ? ["request: ", input]
      : ["requests: ", coreImport("MessageStream"), "<", input, ">"];
  const result =
    desc.methodKind === "unary" || desc.methodKind === "client_streaming"
      ? coreImport("Awaitable")
      : context.AsyncIterable;
  printDoc(f, comment, "", desc.deprecated, "  ");
  f.print`  ${member}: (${request}, call: ${coreImport("HandlerCall")}) => ${result}<${coreImport("Init")}<${output}>>;`;
}

/** Prints the codecs that this service is the first to use. */
function printCodecs({ f, imports, codecs, printed }: Context, names: ServiceNames): void {
  const before = printed.size;
  for (const { desc } of names.methods) {
    for (const message of [desc.input, desc.output]) {
      if (printed.has(message)) continue;
      printed.add(message);
      const codec = [pure, " ", reflectImport("reflectiveCodec"), "(", imports.descriptor(f, message), ")"];
      f.print`const ${codecs.get(message) ?? ""} = ${codec};`;
    }
  }
  if (printed.size > before) f.print();
}

function printMethods(context: Context, names: ServiceNames, index: number): void {
  const { f, imports, source, target, codecs } = context;
  const inherited = names.desc.deprecated || names.desc.file.deprecated;
  for (const [i, { desc, constant }] of names.methods.entries()) {
    printDoc(f, source.comment(index, i), "", desc.deprecated || inherited);
    const input = imports.shape(f, desc.input);
    const output = imports.shape(f, desc.output);
    const type = [": ", coreImport("Method"), `<"${desc.methodKind}", `, input, ", ", output, ">"];
    const value = [
      coreImport("method"),
      `("${desc.methodKind}", `,
      f.string(names.desc.typeName),
      ", ",
      f.string(desc.name),
      `, "${idempotency(desc.idempotency)}", `,
      `${codecs.get(desc.input)}, ${codecs.get(desc.output)})`,
    ];
    printConstant(f, target, constant, type, value);
  }
}

function printServices({ f, imports, source, target }: Context, names: ServiceNames, index: number): void {
  const deprecated = names.desc.deprecated || names.desc.file.deprecated;
  const { typeName } = names.desc;
  const types = `<${names.client}, ${names.handlers}>`;

  printDoc(f, `${typeName} without its descriptor: enough for all but JSON.`, "", deprecated);
  const members = names.methods.map(({ member, constant }) => `    ${member}: ${constant},\n`);
  printConstant(
    f,
    target,
    names.lite,
    [": ", coreImport("ServiceLite"), types],
    [
      coreImport("serviceLite"),
      "(",
      f.string(typeName),
      members.length === 0 ? ", {})" : [", {\n", ...members, "  })"],
    ],
  );

  printDoc(f, source.comment(index), `${typeName} with its descriptor.`, deprecated);
  printConstant(
    f,
    target,
    names.service,
    [": ", coreImport("Service"), types],
    [reflectImport("withDescriptor"), `(${names.lite}, `, imports.descriptor(f, names.desc), ")"],
  );
}

type Printable = Parameters<GeneratedFile["array"]>[0][number];

function printConstant(
  f: GeneratedFile,
  target: Target,
  name: string,
  type: Printable,
  value: Printable,
): void {
  switch (target) {
    case "ts":
      f.print(f.export("const", name), type, " = ", pure);
      f.print("  ", value, ";");
      break;
    case "js":
      f.print(f.export("const", name), " = ", pure);
      f.print("  ", value, ";");
      break;
    case "dts":
      f.print(f.export("declare const", name), type, ";");
      break;
  }
  f.print();
}

function idempotency(level: number): string {
  // google.protobuf.MethodOptions.IdempotencyLevel
  return level === 1 ? "no_side_effects" : level === 2 ? "idempotent" : "unknown";
}

/** Prints a comment of the .proto file, then a line of our own, then whether it is deprecated. */
function printDoc(
  f: GeneratedFile,
  comment: string,
  line: string,
  deprecated: boolean,
  indentation = "",
): void {
  const parts = [comment, line, deprecated ? "@deprecated" : ""].filter((part) => part.trim() !== "");
  if (parts.length > 0) f.print(f.jsDoc(parts.join("\n\n"), indentation));
}
