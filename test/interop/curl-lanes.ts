import assert from "node:assert/strict";
import { curls } from "./curls.ts";
import type { Call, Curl } from "./curls.ts";
import type { Lane, TestCase } from "./lane.ts";
import { prepareGo, prepareTypeScript } from "./prepare.ts";
import { runToEnd } from "./program.ts";
import type { Ended } from "./program.ts";
import { millrace, serverCommand } from "./stacks.ts";
import { initialMetadata, trailingMetadata } from "./test-values.ts";

/** The four kinds of call from command lines, with metadata, and with an error. */
export function curlLanes(): Lane[] {
  return curls.map((curl) => ({
    peer: curl.peer,
    direction: "to Millrace",
    needs: [prepareGo, prepareTypeScript],
    carriage: curl.carriage,
    server: serverCommand(millrace, { tls: curl.tls }),
    cases: casesOf(curl),
  }));
}

function casesOf(curl: Curl): TestCase[] {
  const answered = (name: string, method: string, requests: object[], responses: object[]): TestCase => ({
    name,
    run: (port) => checkResponses(curl, port, { method, requests }, responses),
  });
  return [
    answered("empty", "EmptyCall", [{}], [{}]),
    answered("unary", "UnaryCall", [{ responseSize: 4 }], [zeros(4)]),
    answered("server_stream", "StreamingOutputCall", [parameters(1, 2, 3)], [1, 2, 3].map(zeros)),
    answered("client_stream", "StreamingInputCall", [5, 6].map(zeros), [{ aggregatedPayloadSize: 11 }]),
    ...(curl.bidi
      ? [answered("bidi", "FullDuplexCall", [parameters(1, 2), parameters(3)], [1, 2, 3].map(zeros))]
      : []),
    { name: "metadata", run: (port) => checkMetadata(curl, port) },
    { name: "error", run: (port) => checkError(curl, port) },
  ];
}

async function checkResponses(curl: Curl, port: number, call: Call, responses: object[]): Promise<void> {
  const { stdout } = await succeeds(curl, port, call);
  const expected = responses.map((response) => JSON.stringify(response)).join("");
  assert.equal(stdout.replaceAll(/\s/g, ""), expected);
}

async function checkMetadata(curl: Curl, port: number): Promise<void> {
  const bytes = Buffer.from(trailingMetadata.value).toString("base64");
  const { stdout, stderr } = await succeeds(curl, port, {
    method: "UnaryCall",
    requests: [{}],
    headers: [`${initialMetadata.name}: ${initialMetadata.value}`, `${trailingMetadata.name}: ${bytes}`],
    verbose: true,
  });
  assert.match(stdout + stderr, curl.header(initialMetadata.name, initialMetadata.value));
  if (curl.trailer !== undefined) assert.match(stdout + stderr, curl.trailer(trailingMetadata.name, bytes));
}

async function checkError(curl: Curl, port: number): Promise<void> {
  const message = "nothing here ☹";
  const requests = [{ responseStatus: { code: 5, message } }];
  const { exitCode, stderr } = await runToEnd(curl.command({ method: "UnaryCall", requests }, port));
  assert.equal(stderr, curl.error("not_found", "NotFound", message));
  assert.equal(exitCode, curl.exitCode(5));
}

async function succeeds(curl: Curl, port: number, call: Call): Promise<Ended> {
  const ended = await runToEnd(curl.command(call, port));
  assert.equal(ended.exitCode, 0, `exit code ${ended.exitCode}\n${ended.stdout}${ended.stderr}`);
  return ended;
}

function zeros(size: number): object {
  return { payload: { body: Buffer.alloc(size).toString("base64") } };
}

function parameters(...sizes: number[]): object {
  return { responseParameters: sizes.map((size) => ({ size })) };
}
