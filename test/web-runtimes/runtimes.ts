import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Miniflare } from "miniflare";
import { bundle, commands } from "./programs.ts";

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

async function bundled(entry: string): Promise<string> {
  return bundle(join(here, entry), join(here, ".cache", entry.replace(/ts$/, "mjs")));
}

/** A program that prints the port that it listens on. */
async function started(runtime: keyof typeof commands, entry: string): Promise<Running> {
  const [program, ...given] = commands[runtime];
  const child = spawn(program, [...given, await bundled(entry)], {
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
    start: () => started("node", "node.ts"),
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
    start: () => started("deno", "deno.ts"),
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
    start: () => started("bun", "bun.ts"),
  },
  {
    name: "workerd",
    http2: false,
    breaks: {},
    async start() {
      const miniflare = new Miniflare({
        modules: true,
        scriptPath: await bundled("worker.ts"),
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
