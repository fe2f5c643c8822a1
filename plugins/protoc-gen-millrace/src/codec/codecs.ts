import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { createImportSymbol } from "@bufbuild/protoplugin";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PbImports } from "../imports.ts";
import { claimName } from "../names.ts";
import type { Printable } from "../printable.ts";
import { wkt } from "./wire-import.ts";

/** Whether codecs are printed, or go by descriptors. */
export type CodecMode = "generated" | "reflect";

/** The well-known types whose codecs the runtime has. Others go by their descriptor. */
const wellKnownFiles = new Set(
  [
    "any",
    "api",
    "duration",
    "empty",
    "field_mask",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
  ].map((name) => `google/protobuf/${name}`),
);

/**
 * Finds the codecs of messages for one file. A message's codec is exported by the file that is generated beside the
 * `_pb` file of its type, as `GreetRequest$codec`. Where there is none, as in a package of somebody else's, the file has
 * one of its own, which goes by the descriptor and is not exported.
 *
 * What else stands in a file has nothing but digits behind a `$`, so that only messages of the same name can clash.
 */
export class Codecs {
  readonly #imports: PbImports;
  readonly #mode: CodecMode;
  readonly #file: DescFile;
  readonly #isRewritten: (path: string) => boolean;
  readonly #locals = new Map<DescMessage, string>();
  #taken: Set<string> | undefined;

  /** `isRewritten` tells of a relative import whether it leads out of the generated folder. */
  constructor(imports: PbImports, mode: CodecMode, file: DescFile, isRewritten: (path: string) => boolean) {
    this.#imports = imports;
    this.#mode = mode;
    this.#file = file;
    this.#isRewritten = isRewritten;
  }

  /** The name of the codec that the message's own file exports. */
  exported(f: GeneratedFile, message: DescMessage): string {
    return `${this.#imports.shapeName(f, message)}$codec`;
  }

  symbol(f: GeneratedFile, message: DescMessage): Printable {
    return this.#imported(f, message) ?? this.local(f, message)!;
  }

  /** The name of a codec that this file has to have for itself. */
  local(f: GeneratedFile, message: DescMessage): string | undefined {
    if (this.#imported(f, message) !== undefined) return undefined;
    let name = this.#locals.get(message);
    if (name === undefined) {
      this.#taken ??= this.#ownNames(f);
      name = claimName(this.#taken, this.exported(f, message));
      this.#locals.set(message, name);
    }
    return name;
  }

  #imported(f: GeneratedFile, message: DescMessage): Printable | undefined {
    if (this.#mode === "reflect") return undefined;
    const from = this.#imports.from(f, message);
    if (from.startsWith("@bufbuild/protobuf/")) {
      return wellKnownFiles.has(message.file.name) ? wkt(this.exported(f, message)) : undefined;
    }
    if (!/^\.{1,2}\//.test(from) || this.#isRewritten(from)) return undefined;
    return createImportSymbol(this.exported(f, message), from.replace(/_pb\.js$/, "_millrace.js"));
  }

  #ownNames(f: GeneratedFile): Set<string> {
    if (this.#mode === "reflect") return new Set();
    return new Set(this.#imports.messages(f, this.#file).map((message) => this.exported(f, message)));
  }
}
