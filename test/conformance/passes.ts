/** A program of ours, and what of the suite it is put through. */
export interface Pass {
  readonly name: string;
  /** Which side the program is. */
  readonly mode: "client" | "server";
  /** What the suite may try on it. */
  readonly config: string;
  /** The program's file, and its arguments. */
  readonly program: readonly [string, ...string[]];
  /** What runs it; absent, the Node of this process. */
  readonly runtime?: "deno" | "bun";
}

export const passes: readonly Pass[] = [
  { name: "client", mode: "client", config: "conformance.yaml", program: ["client.ts"] },
  { name: "server", mode: "server", config: "conformance.yaml", program: ["server.ts"] },
  { name: "mounted", mode: "server", config: "conformance.yaml", program: ["server.ts", "--mounted"] },
  {
    name: "fetch",
    mode: "client",
    config: "conformance-fetch.yaml",
    program: ["client.ts", "--fetch"],
  },
  {
    name: "deno",
    mode: "server",
    config: "conformance-deno.yaml",
    program: ["fetch-server.ts"],
    runtime: "deno",
  },
  {
    name: "bun",
    mode: "server",
    config: "conformance-bun.yaml",
    program: ["fetch-server.ts"],
    runtime: "bun",
  },
];
