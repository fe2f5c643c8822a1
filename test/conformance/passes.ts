/** A program of ours, and what of the suite it is put through. */
export interface Pass {
  readonly name: string;
  /** Which side the program is. */
  readonly mode: "client" | "server";
  /** What the suite may try on it. */
  readonly config: string;
  /** The program's file, and its arguments. */
  readonly program: readonly [string, ...string[]];
}

export const passes: readonly Pass[] = [
  { name: "client", mode: "client", config: "conformance.yaml", program: ["client.ts"] },
  { name: "server", mode: "server", config: "conformance.yaml", program: ["server.ts"] },
  { name: "mounted", mode: "server", config: "conformance.yaml", program: ["server.ts", "--mounted"] },
  {
    name: "fetch-client",
    mode: "client",
    config: "conformance-fetch-client.yaml",
    program: ["client.ts", "--fetch"],
  },
  {
    name: "fetch-server",
    mode: "server",
    config: "conformance-fetch-server.yaml",
    program: ["server.ts", "--fetch"],
  },
];
