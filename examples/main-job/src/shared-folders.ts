import { errorDetail, RpcError } from "@millrace/node";
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { PathProblem_Reason, PathProblemSchema } from "../../../gen/millrace/file/v1/file_pb.ts";

/** The folders whose files are served, by the name that paths begin with. */
export type SharedFolders = ReadonlyMap<string, string>;

/** A file or a folder that may be served. */
export interface Located {
  /** As it was asked for: `repository/README.md`. */
  readonly path: string;
  /** Where it lies on this machine, free of symbolic links. */
  readonly place: string;
  readonly size: number;
  readonly modified: Date;
}

const absent: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/**
 * Finds what a peer asked for. Throws `invalid_argument` or `not_found`, with a PathProblem, for everything that is not
 * below a shared folder, symbolic links followed; hidden files count as outside.
 */
export async function locate(
  folders: SharedFolders,
  path: string,
  wanted: "file" | "folder",
): Promise<Located> {
  const [name, ...inside] = path.split("/");
  if (name === undefined || [name, ...inside].some((part) => part === "" || /[\\:\0]/.test(part))) {
    throw problem(
      "invalid_argument",
      path,
      PathProblem_Reason.MALFORMED,
      "is no path of the form folder/file",
    );
  }
  if (inside.some(isHidden)) throw outside("invalid_argument", path);
  const folder = folders.get(name);
  if (folder === undefined) throw missing(path);
  try {
    const root = await realpath(folder);
    const place = await realpath(join(root, ...inside));
    const below = relative(root, place);
    if (isAbsolute(below) || below.split(sep).some(isHidden)) throw outside("not_found", path);
    const found = await stat(place);
    if (wanted === "file" ? !found.isFile() : !found.isDirectory()) {
      throw problem("invalid_argument", path, PathProblem_Reason.WRONG_TYPE, `is not a ${wanted}`);
    }
    return { path, place, size: found.size, modified: found.mtime };
  } catch (error) {
    if (error instanceof Error && "code" in error && absent.has(error.code)) throw missing(path);
    throw error;
  }
}

/** Whether a part of a path begins with a dot, as hidden files and `..` do. */
export function isHidden(part: string): boolean {
  return part.startsWith(".");
}

function outside(code: "invalid_argument" | "not_found", path: string): RpcError {
  return problem(code, path, PathProblem_Reason.OUTSIDE, "leads to what is not shared");
}

function missing(path: string): RpcError {
  return problem("not_found", path, PathProblem_Reason.MISSING, "does not exist");
}

function problem(
  code: "invalid_argument" | "not_found",
  path: string,
  reason: PathProblem_Reason,
  what: string,
): RpcError {
  return new RpcError(code, `${JSON.stringify(path)} ${what}`, {
    details: [errorDetail(PathProblemSchema, { path, reason })],
  });
}
