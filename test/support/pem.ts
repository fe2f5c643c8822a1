import { readFileSync } from "node:fs";

/** One of the certificates made for the tests: of an authority, and of a server and a client for localhost. */
export function pem(name: "ca" | "server" | "server-key" | "client" | "client-key"): string {
  return readFileSync(new URL(`../../packages/node/test/tls/${name}.pem`, import.meta.url), "utf8");
}
