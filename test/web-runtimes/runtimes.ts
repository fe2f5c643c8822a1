import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** A runtime that runs our handler. */
export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  /** Whether its server speaks HTTP/2 without TLS. */
  readonly http2: boolean;
  /** The cases of the contract that it breaks by itself, whatever we do, by what it does. */
  readonly breaks: Readonly<Record<string, readonly string[]>>;
  start(): Promise<Running>;
}

const here = import.meta.dirname;
const { resolve } = createRequire(import.meta.url);

/** One file of a program and all that it imports: what a user's bundler would make. */
async function bundle(entry: string): Promise<string> {
  const outfile = join(here, ".cache", entry.replace(/ts$/, "mjs"));
  await build({
    entryPoints: [join(here, entry)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["node:*"],
  });
  return outfile;
}

/** A program that prints the port that it listens on. */
async function started(program: string, ...given: string[]): Promise<Running> {
  const child = spawn(program, given, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
  });
  // Runtimes print that a response broke off, as many do in these tests.
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const gone = once(child, "close");
  const line = once(createInterface(child.stdout), "line") as Promise<[string]>;
  const ended = gone.then(() => Promise.reject(new Error(`${program} ended before it listened:\n${errors}`)));
  ended.catch(() => {});
  const [port] = await Promise.race([line, ended]);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

export const runtimes: readonly Runtime[] = [
  {
    name: "Node",
    http2: false,
    breaks: {},
    start: async () => started(process.execPath, await bundle("node.ts")),
  },
  {
    name: "Deno",
    http2: true,
    breaks: {
      "its server takes at most 100 header fields": ["A hundred fields arrive"],
      "its server does not tell that a client has gone which waits for the response to a body": [
        "A client's reset reaches a paused server at once",
        ...[
          "pause()",
          "resume()",
          "write()",
          "flush()",
          "reserve() and a cancelled commit()",
          "end()",
          "reset()",
          "reset(), then everything else",
          "respond()",
          "reply()",
          "reply() and reset()",
        ].map((action) => `A server may call ${action} inside fault()`),
      ],
    },
    start: async () =>
      started(join(resolve("deno/package.json"), "../deno"), "run", "--allow-net", await bundle("deno.ts")),
  },
  {
    name: "Bun",
    http2: false,
    breaks: {
      "its server sends a response's head only with the first byte behind it": [
        "respond() and flush() bring the head before any body",
        "A server that writes to a paused client is told to wait, and then to go on",
        "reset() after end() discards what is unsent",
      ],
    },
    start: async () => started(join(resolve("bun/package.json"), "../bin/bun.exe"), await bundle("bun.ts")),
  },
  {
    name: "workerd",
    http2: false,
    breaks: {},
    async start() {
      const miniflare = new Miniflare({
        modules: true,
        scriptPath: await bundle("worker.ts"),
        compatibilityDate: "2026-07-01",
        // Without it a handler never hears that its client has gone.
        compatibilityFlags: ["enable_request_signal"],
        handleRuntimeStdio: (out: Readable, errors: Readable) => {
          out.resume();
          errors.resume();
        },
      });
      const url = await miniflare.ready;
      return { url: url.origin, stop: () => miniflare.dispose() };
    },
  },
];
