import { fromBinary } from "@bufbuild/protobuf";
import type { Protocol } from "@millrace/node";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PathProblem_Reason, PathProblemSchema } from "../../../gen/millrace/file/v1/file_pb.ts";
import { protocolNames, protocols } from "./carriages.ts";
import { expectEqual, Mismatch } from "./check.ts";
import type { Check } from "./check.ts";
import { root } from "./root.ts";

/** The same calls by a client that is not ours: `buf curl`, which brings Connect's and gRPC's Go libraries. */
export function bufCurlChecks(url: string): Check[] {
  const over = (what: string, calls: (curl: Curl) => Promise<string>): Check[] =>
    protocols.map((protocol) => ({
      what,
      over: `${protocolNames[protocol].padEnd(8)}  proto  HTTP/2`,
      expected: "works",
      run: () => calls((method, messages, ...options) => bufCurl(url, protocol, method, messages, options)),
    }));
  return [
    ...over("buf curl, unary: Greet, Stat", unary),
    ...over("buf curl, server stream: Download", serverStream),
    ...over("buf curl, client stream: Upload", clientStream),
    ...over("buf curl, bidi: Chat", bidi),
  ];
}

type Curl = (method: string, messages: readonly object[], ...options: string[]) => Promise<Answer>;

interface Answer {
  /** 0, or eight times the number of the gRPC code. */
  readonly exitCode: number | null;
  /** Messages, as JSON. */
  readonly stdout: string;
  /** The error, as JSON; with -v the headers and trailers too. */
  readonly stderr: string;
}

async function bufCurl(
  url: string,
  protocol: Protocol,
  method: string,
  messages: readonly object[],
  options: readonly string[],
): Promise<Answer> {
  const flags = [
    "--schema",
    "proto",
    "--protocol",
    protocol.replace("-", ""),
    "--http2-prior-knowledge",
    "-d",
    "@-",
  ];
  const buf = spawn(join(root, "node_modules/.bin/buf"), ["curl", ...flags, ...options, `${url}/${method}`], {
    cwd: root,
  });
  buf.stdin.end(messages.map((message) => JSON.stringify(message)).join("\n"));
  const exited = new Promise<number | null>((resolve, reject) =>
    buf.on("error", reject).on("close", resolve),
  );
  const [stdout, stderr, exitCode] = await Promise.all([text(buf.stdout), text(buf.stderr), exited]);
  return { stdout, stderr, exitCode };
}

async function unary(curl: Curl): Promise<string> {
  const greeted = await curl(
    "greet.v1.GreetService/Greet",
    [{ name: "Ada" }],
    "-v",
    "-H",
    "caller: main job",
  );
  expectEqual("replies", messages(greeted), [{ greeting: "Hello, Ada!" }]);
  expectEqual("header caller", /^buf: < .* Caller: (.*)$/m.exec(greeted.stderr)?.[1], "main job");

  const path = "repository/../../etc/passwd";
  const refused = await curl("millrace.file.v1.FileService/Stat", [{ path }]);
  const { code, details } = JSON.parse(refused.stderr) as {
    code: string;
    details: { type: string; value: string }[];
  };
  expectEqual("code", code, "invalid_argument");
  expectEqual("exit code", refused.exitCode, 3 * 8);
  const problems = details.map(({ value }) => fromBinary(PathProblemSchema, Buffer.from(value, "base64")));
  expectEqual(
    "details",
    problems.map((problem) => [problem.path, problem.reason]),
    [[path, PathProblem_Reason.OUTSIDE]],
  );
  return "reply, header; an error with its detail";
}

async function serverStream(curl: Curl): Promise<string> {
  const file = await readFile(join(root, "LICENSE"));
  const download = await curl("millrace.file.v1.FileService/Download", [{ path: "repository/LICENSE" }]);
  const bytes = Buffer.concat(messages(download).map(({ data }) => Buffer.from(String(data), "base64")));
  expectEqual("SHA-256 of what was received", sha256(bytes).toString("hex"), sha256(file).toString("hex"));
  return `LICENSE down, SHA-256 ${sha256(bytes).toString("hex").slice(0, 8)}…`;
}

async function clientStream(curl: Curl): Promise<string> {
  const file = await readFile(join(root, "LICENSE"));
  const chunks = [file.subarray(0, 5000), file.subarray(5000)].map((data) => ({
    data: data.toString("base64"),
  }));
  const upload = await curl("millrace.file.v1.FileService/Upload", chunks);
  const digest = sha256(file).toString("base64");
  expectEqual("replies", messages(upload), [{ size: String(file.byteLength), sha256: digest }]);
  return `LICENSE up, SHA-256 ${sha256(file).toString("hex").slice(0, 8)}…`;
}

async function bidi(curl: Curl): Promise<string> {
  const chat = await curl("greet.v1.GreetService/Chat", [{ name: "Ada" }, { name: "Grace" }]);
  expectEqual("replies", messages(chat), [{ greeting: "Hello, Ada!" }, { greeting: "Hello, Grace!" }]);
  return "2 answers";
}

/** The messages that buf printed: JSON, one behind the other, each of them ending in a brace of its own line. */
function messages({ exitCode, stdout, stderr }: Answer): Record<string, unknown>[] {
  if (exitCode !== 0)
    throw new Mismatch(`buf curl ended with ${exitCode}: ${stderr.trim().replaceAll(/\s+/g, " ")}`);
  return stdout
    .split(/(?<=^\})/m)
    .filter((one) => one.trim() !== "")
    .map((one) => JSON.parse(one) as Record<string, unknown>);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
