import type { FileDescriptorProto, SourceCodeInfo_Location } from "@bufbuild/protobuf/wkt";

// Field numbers of FileDescriptorProto and ServiceDescriptorProto: what paths into a file are made of.
const serviceField = 6;
const methodField = 2;

/**
 * The comments of a file's services and methods. Made by one pass over source_code_info: looking each one up there would
 * make a file of a thousand methods take a thousand passes over a hundred thousand locations.
 */
export class SourceIndex {
  readonly #locations = new Map<string, SourceCodeInfo_Location>();

  constructor(file: FileDescriptorProto) {
    for (const location of file.sourceCodeInfo?.location ?? []) {
      const { path } = location;
      if (path[0] !== serviceField) continue;
      if (path.length !== 2 && !(path.length === 4 && path[2] === methodField)) continue;
      const key = path.join();
      if (!this.#locations.has(key)) this.#locations.set(key, location);
    }
  }

  /** The comment of a service, or of one of its methods; empty when there is none. */
  comment(service: number, method?: number): string {
    const path =
      method === undefined ? [serviceField, service] : [serviceField, service, methodField, method];
    const location = this.#locations.get(path.join());
    if (location === undefined) return "";
    return [location.leadingComments, location.trailingComments]
      .map(commentText)
      .filter((text) => text !== "")
      .join("\n\n");
  }
}

/** A comment without the space that each of its lines starts with, and without white space at the ends of lines. */
function commentText(comment: string): string {
  return comment
    .replace(/\r\n|[\r\u2028\u2029]/g, "\n")
    .replace(/\n$/, "")
    .replace(/^ /gm, "")
    .replace(/[ \t]+$/gm, "");
}

/**
 * The line that `path` stands on, counted from 1; undefined when the compiler left no source positions. For error
 * messages: it looks through the whole file.
 */
export function findLine(file: FileDescriptorProto, path: readonly number[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const start = path.slice(0, length).join();
    const location = file.sourceCodeInfo?.location.find((candidate) => candidate.path.join() === start);
    if (location?.span[0] !== undefined) return location.span[0] + 1;
  }
  return undefined;
}
