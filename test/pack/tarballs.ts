import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../scripts/build.ts";
import { publishedPackages } from "../../scripts/published-packages.ts";

/** A package as it would go to the registry. */
export interface Tarball {
  readonly name: string;
  readonly version: string;
  /** Where it lies. */
  readonly path: string;
  /** Whether it has anything to import. */
  readonly importable: boolean;
  /** The paths in it. */
  readonly files: readonly string[];
}

const root = join(import.meta.dirname, "../..");
/** Where the tarballs are left, for people to install. */
export const tarballFolder: string = join(root, ".cache/pack");

/** Builds and packs every published package. Throws if something cannot be built. */
export function packAll(): Tarball[] {
  rmSync(tarballFolder, { recursive: true, force: true });
  if (!build()) throw new Error("the packages cannot be built: see tsc's errors above");
  return publishedPackages().map(({ folder, manifest }) => {
    const output = execFileSync(
      "npx",
      ["-y", "pnpm@12", "pack", "--json", "--pack-destination", tarballFolder],
      { cwd: join(root, folder), encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    );
    const packed = JSON.parse(output) as { filename: string; files: { path: string }[] };
    return {
      name: manifest.name,
      version: manifest.version,
      importable: manifest.exports !== undefined,
      path: packed.filename,
      files: packed.files.map(({ path }) => path),
    };
  });
}
