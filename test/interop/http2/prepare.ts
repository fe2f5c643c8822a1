import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demand, filled, goVersion, installPython, pythonVersion, run } from "../install.ts";
import { here, http2Bodies, http2Go, http2GoFolder, http2Python, http2PythonFolder } from "../paths.ts";
import { bodies, bodyOf } from "./body.ts";

/** Checks the types of the programs here, and writes bodies as files. */
export function preparePrograms(): void {
  run("tsc", ["--project", join(here, "http2")]);
  mkdirSync(http2Bodies, { recursive: true });
  for (const [name, length] of Object.entries(bodies)) writeFileSync(join(http2Bodies, name), bodyOf(length));
}

/** A client and a server with net/http. */
export function prepareNetHttp(): void {
  const inputs = ["go.mod", "main.go", "client.go", "server.go"].map((file) => `http2/go/${file}`);
  filled(http2GoFolder, inputs, goVersion(), () => {
    console.log("building a client and a server with net/http");
    run("go", ["build", "-buildvcs=false", "-o", http2Go, "."], { cwd: join(here, "http2/go") });
  });
}

/** The package h2 in a virtual environment of its own. */
export function preparePythonH2(): void {
  const requirements = "http2/python/requirements.txt";
  filled(http2PythonFolder, [requirements], pythonVersion(), () => {
    console.log("installing h2");
    installPython(http2Python, requirements);
  });
}

export function demandCurl(): void {
  demand("curl", "curl, with HTTP/2");
}

export function demandNghttp(): void {
  demand("nghttp", "nghttp2's client programs (nghttp2-client on Debian)");
}

export function demandNghttpd(): void {
  demand("nghttpd", "nghttp2's server (nghttp2-server on Debian)");
}
