import { createHash, randomFillSync } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, open, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file made for the run; disposal removes it, and so does an early end of the process. */
export interface SampleFile extends Disposable {
  /** What clients call it. */
  readonly path: string;
  readonly folder: string;
  readonly place: string;
  /** In bytes. */
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly modified: Date;
}

/** Makes a file of random bytes in a temporary folder of its own, to be shared by the name that is given. */
export async function makeSampleFile(name: string, mebibytes: number): Promise<SampleFile> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const place = join(folder, "random.bin");
  const digest = createHash("sha256");
  {
    await using file = await open(place, "wx");
    const bytes = new Uint8Array(1024 * 1024);
    for (let n = 0; n < mebibytes; n++) {
      randomFillSync(bytes);
      digest.update(bytes);
      await file.writeFile(bytes);
    }
  }
  const { size, mtime } = await stat(place);
  return {
    path: `${name}/random.bin`,
    folder,
    place,
    size,
    sha256: digest.digest("hex"),
    modified: mtime,
    [Symbol.dispose](): void {
      process.off("exit", remove);
      remove();
    },
  };
}
