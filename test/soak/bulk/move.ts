import type { FileServiceClient } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { chunks } from "./chunks.ts";

/** A server-streaming and a client-streaming call. */
export type Direction = "download" | "upload";

export interface Bulk {
  readonly direction: Direction;
  readonly mebibytes: number;
}

/** Moves a body over a call to this folder's server. Throws if it does not come whole. */
export async function move(client: FileServiceClient, { direction, mebibytes }: Bulk): Promise<void> {
  let moved = 0;
  if (direction === "download") {
    for await (const { data } of client.download({ path: String(mebibytes) })) moved += data.byteLength;
  } else {
    const call = client.upload();
    for await (const message of chunks(mebibytes)) if (!(await call.send(message))) break;
    moved = Number((await call.finish()).size);
  }
  if (moved !== mebibytes * 1024 * 1024) throw new Error(`${moved} bytes came, not ${mebibytes} MiB`);
}
