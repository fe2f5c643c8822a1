import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundle, commands } from "./programs.ts";

// The HTTP/2 engine in each runtime, client and server, against itself in each other: the programs are those of `pnpm interop`.

type Runtime = keyof typeof commands;

const here = import.meta.dirname;
const tls = (name: string): string => join(here, "../../packages/node/test/tls", `${name}.pem`);
const programs = { client: "", server: "", streams: "", handshakes: "" };

beforeAll(async () => {
  const folder = join(here, "../interop/http2/millrace");
  for (const name of ["client", "server"] as const)
    programs[name] = await bundle(join(folder, `${name}.ts`), join(here, `.cache/engine-${name}.mjs`));
  programs.streams = await bundle(join(here, "deno-streams.ts"), join(here, ".cache/deno-streams.mjs"));
  programs.handshakes = await bundle(
    join(here, "failed-handshakes.ts"),
    join(here, ".cache/failed-handshakes.mjs"),
  );
});

const cases = [
  ...[
    "get",
    "post_empty",
    "post_byte",
    "post_1mib",
    "post_16mib",
    "post_trailers",
    "both_ways",
    "concurrent",
  ],
  ...["big_headers", "reset_by_client", "reset_by_server", "goaway", "small_window", "large_window"],
];

async function started(runtime: Runtime, args: readonly string[]): Promise<string> {
  const [program, ...given] = commands[runtime];
  const child = spawn(program, [...given, programs.server, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return line.slice(line.lastIndexOf(":") + 1);
}

/** What a program has written, both outputs. Rejects if it does not end with exit code 0. */
async function run(runtime: Runtime, path: string, args: readonly string[]): Promise<string> {
  const [program, ...given] = commands[runtime];
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  const running = promisify(execFile)(program, [...given, path, ...args], { env });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  const { stdout, stderr } = await running;
  return stdout + stderr;
}

const pairs = (["node", "deno", "bun"] as const)
  .flatMap((client) => (["node", "deno", "bun"] as const).map((server) => [client, server] as const))
  .filter((pair) => pair.some((runtime) => runtime !== "node"));

describe.each([
  ["cleartext", [], []],
  ["TLS", [`--cert_file=${tls("server")}`, `--key_file=${tls("server-key")}`], [`--ca_file=${tls("ca")}`]],
])("the HTTP/2 engine, %s", (_, forServer, forClient) => {
  test.each(pairs)("a client in %s, a server in %s", async (client, server) => {
    const port = await started(server, forServer);
    const args = [`--port=${port}`, `--test_case=${cases.join(",")}`, ...forClient];
    expect(await run(client, programs.client, args)).toBe("");
  });
});

test("the HTTP/2 engine over the Web Streams of Deno's connections", async () => {
  expect(await run("deno", programs.streams, [])).toBe("200 ping 1\n");
});

test.each(["node", "deno", "bun"] as const)(
  "listen().close() resolves in %s after TLS handshakes have failed, and while others are not over",
  async (runtime) => {
    const args = [tls("server-key"), tls("server")];
    expect(await run(runtime, programs.handshakes, args)).toBe("true not trusted closed\n");
  },
);
