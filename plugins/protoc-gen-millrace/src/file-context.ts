import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { ImportSymbol, PbImports } from "./imports.ts";
import type { Codecs } from "./codec/codecs.ts";

/** What is printed: TypeScript, JavaScript, or declarations. */
export type Target = "ts" | "js" | "dts";

/** What the printing of one file's services shares. */
export interface FileContext {
  readonly f: GeneratedFile;
  readonly target: Target;
  readonly imports: PbImports;
  readonly codecs: Codecs;
  /** The global type, imported by nobody; a message of that name gets another one in this file. */
  readonly AsyncIterable: ImportSymbol;
}
