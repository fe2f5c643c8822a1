import { open } from "node:fs/promises";

/**
 * In bytes: large enough to make the cost of a message small, small enough to share a connection fairly; with what is
 * written around it just below 64 KiB, where buffers that grow by doubling would double once more.
 */
const chunkBytes = 63 * 1024;

/** A file's bytes from first to last, each chunk in a buffer of its own. Reads on only when asked for more. */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  for (;;) {
    const { buffer, bytesRead } = await file.read(new Uint8Array(chunkBytes));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
