import assert from "node:assert/strict";
import { join } from "node:path";
import type { Lane, TestCase } from "../lane.ts";
import { compileCache, here, http2Go, http2Python, localCertificate } from "../paths.ts";
import { type Command, runToEnd } from "../program.ts";
import { bodies } from "./body.ts";
import { demandNghttpd, prepareNetHttp, preparePrograms, preparePythonH2 } from "./prepare.ts";
import { type Tool, tools } from "./tools.ts";

/** An implementation of HTTP/2, with a client and a server program. All take the flags of `flags.ts`. */
interface Implementation {
  readonly name: string;
  readonly client?: Command;
  readonly server: Command;
  /** Throws if it is not here and cannot be had. */
  readonly prepare?: () => void;
  /** Its client does nothing more on a connection that a GOAWAY has come on. */
  readonly endsAtGoaway?: true;
}

const folder = join(here, "http2");
const millrace = nodePrograms("Millrace", "millrace");

const others: readonly Implementation[] = [
  nodePrograms("node:http2", "node"),
  {
    name: "Go net/http",
    client: { program: http2Go, args: ["client"] },
    server: { program: http2Go, args: ["server"] },
    prepare: prepareNetHttp,
  },
  {
    name: "Python h2",
    client: { program: http2Python, args: [join(folder, "python/client.py")] },
    server: { program: http2Python, args: [join(folder, "python/server.py")] },
    prepare: preparePythonH2,
    endsAtGoaway: true,
  },
];

const nghttpd: Implementation = {
  name: "nghttpd",
  server: nodeProgram("nghttpd.ts"),
  prepare: demandNghttpd,
};

/** A server of ours drains with all its connections, so that this case has one to itself. */
const goaway = "goaway";

const allCases: readonly string[] = [
  "get",
  ...Object.keys(bodies),
  "post_trailers",
  "both_ways",
  "concurrent",
  "big_headers",
  "reset_by_client",
  "reset_by_server",
  goaway,
  "small_window",
  "large_window",
];

/** nghttpd serves files, sends bodies back when they are complete, and has one trailer. */
const nghttpdCases: readonly string[] = [
  "get",
  ...Object.keys(bodies),
  "response_trailers",
  "concurrent",
  "big_request_headers",
  "small_window",
  "large_window",
];

/** A server's windows, in bytes. */
const windows = { "small window": 128, "large window": 2 ** 24 };

/** Plain HTTP/2 between the engine and others, both ways. */
export function http2Lanes(): Lane[] {
  return [
    ...others.flatMap((other) => [
      ...lanes(
        other,
        millrace,
        allCases.filter((name) => name !== goaway),
      ),
      ...(other.endsAtGoaway ? [] : lanes(other, millrace, [goaway])),
      ...lanes(millrace, other, allCases),
    ]),
    ...lanes(millrace, nghttpd, nghttpdCases),
    ...tools.flatMap(toolLanes),
    ...[...others, nghttpd].flatMap(windowLanes),
  ];
}

function lanes(client: Implementation, server: Implementation, cases: readonly string[]): Lane[] {
  return [false, true].map((tls) => ({
    peer: client === millrace ? server.name : client.name,
    direction: client === millrace ? "from Millrace" : "to Millrace",
    carriage: tls ? "h2" : "h2c",
    needs: needsOf(client === millrace ? server : client),
    server: serverCommand(server, { tls }),
    cases: cases.map((name) => clientCase(client, name, tls)),
  }));
}

/** Our client against servers that take little, or much, at once. */
function windowLanes(server: Implementation): Lane[] {
  return Object.entries(windows).map(([carriage, window]) => ({
    peer: server.name,
    direction: "from Millrace",
    carriage: `h2c, ${carriage}`,
    needs: needsOf(server),
    server: serverCommand(server, { window }),
    cases: [clientCase(millrace, window < 2 ** 16 ? "small_window" : "post_16mib", false)],
  }));
}

function toolLanes({ name, prepare, cases }: Tool): Lane[] {
  return [false, true].map((tls) => ({
    peer: name,
    direction: "to Millrace",
    carriage: tls ? "h2" : "h2c",
    needs: [preparePrograms, prepare],
    server: serverCommand(millrace, { tls }),
    cases: Object.entries(cases).map(([name, run]) => ({
      name,
      run: (port) => run(`http${tls ? "s" : ""}://127.0.0.1:${port}`),
    })),
  }));
}

function needsOf({ prepare }: Implementation): Lane["needs"] {
  return prepare === undefined ? [preparePrograms] : [preparePrograms, prepare];
}

function clientCase({ client }: Implementation, name: string, tls: boolean): TestCase {
  return {
    name,
    run: async (port) => {
      const args = [...client!.args, `--port=${port}`, `--test_case=${name}`];
      if (tls) args.push(`--ca_file=${localCertificate.ca}`);
      const { exitCode, stdout, stderr } = await runToEnd({ ...client!, args });
      assert.equal(exitCode, 0, `exit code ${exitCode}\n${stdout}${stderr}`);
      assert.equal(stderr, "", `on standard error:\n${stderr}`);
    },
  };
}

function serverCommand(
  { server }: Implementation,
  { tls = false, window }: { readonly tls?: boolean; readonly window?: number },
): Command {
  const args = [...server.args];
  if (tls) args.push(`--cert_file=${localCertificate.cert}`, `--key_file=${localCertificate.key}`);
  if (window !== undefined) args.push(`--window=${window}`);
  return { ...server, args };
}

function nodePrograms(name: string, of: string): Implementation {
  return { name, client: nodeProgram(`${of}/client.ts`), server: nodeProgram(`${of}/server.ts`) };
}

function nodeProgram(file: string): Command {
  return {
    program: process.execPath,
    args: [join(folder, file)],
    env: { NODE_COMPILE_CACHE: compileCache },
  };
}
