import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { execFileSync } from "node:child_process";
import type { Tarball } from "./tarballs.ts";

/** An npm registry that has the given tarballs and nothing else. */
export interface Registry extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves tarballs as a registry does, so that `npm install @millrace/node` works as written, dependencies of the packages
 * on each other included, before anything is published.
 */
export async function startRegistry(tarballs: readonly Tarball[]): Promise<Registry> {
  const server = createServer((request, response) => {
    const wanted = decodeURIComponent(request.url ?? "");
    const tarball = tarballs.find(({ name }) => wanted === `/${name}` || wanted === `/${name}.tgz`);
    if (tarball === undefined) response.writeHead(404).end();
    else if (wanted.endsWith(".tgz")) response.end(readFileSync(tarball.path));
    else response.setHeader("content-type", "application/json").end(JSON.stringify(describe(tarball, url())));
  });
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: url(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The registry's document about a package that has one version. */
function describe({ name, version, path }: Tarball, url: string): object {
  const integrity = `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
  const manifest = execFileSync("tar", ["-xzOf", path, "package/package.json"], { encoding: "utf8" });
  return {
    name,
    "dist-tags": { latest: version },
    versions: {
      [version]: {
        ...(JSON.parse(manifest) as object),
        dist: { tarball: `${url}/${name}.tgz`, integrity },
      },
    },
  };
}
