import type { GeneratedFile } from "@bufbuild/protoplugin";

/** What is said about something that is generated. */
export interface Doc {
  /** The comment of the .proto file, or nothing. */
  readonly comment: string;
  readonly deprecated: boolean;
}

/** Prints a comment of the .proto file, a line of our own behind it, and whether it is deprecated. */
export function printDoc(f: GeneratedFile, doc: Doc, line: string, indentation = ""): void {
  const parts = [doc.comment, line, doc.deprecated ? "@deprecated" : ""].filter((part) => part.trim() !== "");
  if (parts.length > 0) f.print(f.jsDoc(parts.join("\n\n"), indentation));
}
