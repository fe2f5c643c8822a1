import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { implement, RpcError } from "@millrace/node";
import type { Implementation } from "@millrace/node";
import { createHash } from "node:crypto";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { readChunks } from "./read-chunks.ts";
import { search } from "./search.ts";
import { locate } from "./shared-folders.ts";
import type { SharedFolders } from "./shared-folders.ts";

/** FileService on real files: those below the folders that are shared. */
export function createFileService(folders: SharedFolders): Implementation {
  return implement(FileService, {
    async stat(request) {
      const file = await locate(folders, request.path, "file");
      return { path: request.path, size: BigInt(file.size), modified: timestampFromDate(file.modified) };
    },

    async *download(request, call) {
      const file = await locate(folders, request.path, "file");
      call.responseHeaders.set("file-size", String(file.size));
      const digest = createHash("sha256");
      for await (const data of readChunks(file.place)) {
        digest.update(data);
        // The generator goes on when there is room for more: a slow reader slows the reading of the file.
        yield { data };
      }
      call.responseTrailers.set("sha256-bin", digest.digest());
    },

    async upload(requests) {
      const digest = createHash("sha256");
      let size = 0n;
      for await (const { data } of requests) {
        digest.update(data);
        size += BigInt(data.byteLength);
      }
      return { size, sha256: digest.digest() };
    },

    async *search(requests) {
      for await (const { pattern, folder } of requests) {
        if (pattern === "")
          throw new RpcError("invalid_argument", "the pattern is empty: send a text to find");
        yield* search(await locate(folders, folder, "folder"), pattern);
      }
    },
  });
}
