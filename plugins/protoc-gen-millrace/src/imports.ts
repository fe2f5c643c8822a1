import type { DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { createImportSymbol } from "@bufbuild/protoplugin";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { quote } from "./plugin-error.ts";
import { ProtoFile } from "./proto-file.ts";
import { pbNames } from "./pb-names.ts";
import type { PbNames } from "./pb-names.ts";

/** Something that generated code imports; printing it adds the import. */
export type ImportSymbol = ReturnType<typeof createImportSymbol>;

/** The field of google.protobuf.FileDescriptorProto that holds messages. */
const messageField = 4;

/**
 * Names of messages that protoc-gen-es keeps, and that TypeScript takes for types or operators of its own, or not at all.
 * The `_pb` file could not be compiled, and `any` in ours would go unnoticed.
 */
const untypable = new Set([
  "any",
  "as",
  "await",
  "infer",
  "keyof",
  "never",
  "readonly",
  "symbol",
  "undefined",
  "unique",
  "unknown",
]);

interface PbFile extends PbNames {
  /** Where its types are imported from, before the options about imports are applied. */
  readonly from: string;
}

/** Finds what `_pb` files export. Made once for a run: every file is looked through once. */
export class PbImports {
  readonly #files = new Map<DescFile, PbFile>();

  /** What the type of a message is called. */
  shapeName(f: GeneratedFile, message: DescMessage): string {
    return known(this.#file(f, message.file).shapes.get(message), message);
  }

  /** The messages of a file. */
  messages(f: GeneratedFile, file: DescFile): DescMessage[] {
    return [...this.#file(f, file).shapes.keys()].filter((type) => type.kind === "message");
  }

  /** Where a message's types are imported from, before imports are rewritten. */
  from(f: GeneratedFile, message: DescMessage): string {
    return this.#file(f, message.file).from;
  }

  /** The type of a message. Throws a PluginError if TypeScript would take its name for something else. */
  shape(f: GeneratedFile, message: DescMessage): ImportSymbol {
    const name = this.shapeName(f, message);
    if (untypable.has(name)) {
      const { proto } = message.file;
      throw new ProtoFile(proto).error(
        [messageField, proto.messageType.indexOf(message.proto)],
        `message ${message.typeName}: TypeScript lets no type be called ${quote(name)}: rename the message`,
      );
    }
    return createImportSymbol(name, this.#file(f, message.file).from, true);
  }

  /** The descriptor of a message or a service. */
  descriptor(f: GeneratedFile, type: DescMessage | DescService): ImportSymbol {
    const file = this.#file(f, type.file);
    return createImportSymbol(known(file.descriptors.get(type), type), file.from);
  }

  #file(f: GeneratedFile, desc: DescFile): PbFile {
    let file = this.#files.get(desc);
    if (file === undefined) {
      file = { ...pbNames(desc), from: f.importSchema(desc).from };
      this.#files.set(desc, file);
    }
    return file;
  }
}

/** What generated code imports from the runtime. */
export function coreImport(name: CoreValue | CoreType): ImportSymbol {
  return createImportSymbol(name, "@millrace/core", !isCoreValue(name));
}

/** What generated code imports from the runtime for types that go by their descriptor. */
export function reflectImport(name: "reflectiveCodec" | "withDescriptor"): ImportSymbol {
  return createImportSymbol(name, "@millrace/core/reflect");
}

type CoreValue = "method" | "serviceLite";
type CoreType =
  | "Awaitable"
  | "BidiCall"
  | "CallOptions"
  | "ClientStreamCall"
  | "HandlerCall"
  | "Init"
  | "Messages"
  | "MessageStream"
  | "Method"
  | "ReplyPromise"
  | "ReplyStream"
  | "Service"
  | "ServiceLite";

function isCoreValue(name: CoreValue | CoreType): name is CoreValue {
  return name === "method" || name === "serviceLite";
}

function known(name: string | undefined, type: DescMessage | DescService): string {
  if (name === undefined)
    throw new Error(`${type.toString()} is not among the types of ${type.file.proto.name}`);
  return name;
}
