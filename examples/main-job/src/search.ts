import type { Init } from "@millrace/node";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { SearchResponse } from "../../../gen/millrace/file/v1/file_pb.ts";
import { isHidden } from "./shared-folders.ts";
import type { Located } from "./shared-folders.ts";

/** In bytes: what is larger is hardly text, and would be in memory whole. */
const largestFile = 1024 * 1024;

/** Yields each line below a folder that has the pattern in it, then how many there were. */
export async function* search(folder: Located, pattern: string): AsyncGenerator<Init<SearchResponse>> {
  let matches = 0;
  let files = 0;
  for await (const file of filesBelow(folder.place)) {
    if ((await stat(file)).size > largestFile) continue;
    files++;
    const path = [folder.path, ...relative(folder.place, file).split(sep)].join("/");
    const lines = (await readFile(file, "utf8")).split("\n");
    for (const [index, text] of lines.entries()) {
      if (!text.includes(pattern)) continue;
      matches++;
      yield { pattern, result: { case: "match", value: { path, line: index + 1, text } } };
    }
  }
  yield { pattern, result: { case: "done", value: { matches, files } } };
}

/** Files in the order of their names. Symbolic links are left out, so that nothing leads out of the folder. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isHidden(entry.name) || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}
