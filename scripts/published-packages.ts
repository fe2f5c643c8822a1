import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What scripts need to know of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  /** Absent: there is nothing to import, as with the plugin. */
  readonly exports?: object;
}

/** A package that goes to the registry. */
export interface PublishedPackage {
  /** From the workspace's root: `packages/core`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

const root = join(import.meta.dirname, "..");

/** Every package that goes to the registry, in the order of their folders. */
export function publishedPackages(): PublishedPackage[] {
  return ["packages", "plugins"]
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
    .filter(({ manifest }) => manifest.private !== true);
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
}
