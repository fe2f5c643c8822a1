import type { App } from "@millrace/node";
import { createFileService } from "./file-service.ts";
import { greetService } from "./greet-service.ts";
import type { SharedFolders } from "./shared-folders.ts";

/** Both services: a plain object, ready for serve(), for a mounted handler, or for an in-memory transport. */
export function createApp(folders: SharedFolders): App {
  return { services: [greetService, createFileService(folders)] };
}
