// What users are shown when something is wrong: it names the value and the fix.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  createClient,
  createInMemoryTransport,
  createTransport,
  implement,
  implementPartial,
  RpcError,
  serve,
} from "@millrace/node";
import type { App, Interceptor } from "@millrace/node";
import * as web from "@millrace/web";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";

const app: App = {
  services: [
    implementPartial(GreetService, {
      greet: (request) => {
        throw new RpcError("not_found", request.name, {
          metadata: { a: "1", many: ["x", "y"], "b-bin": new Uint8Array(2) },
        });
      },
      collect: (_requests, call) =>
        new Promise((_answer, reject) =>
          call.signal.addEventListener("abort", () => reject(call.signal.reason as Error)),
        ),
    }),
  ],
};

async function failure(work: PromiseLike<unknown>): Promise<RpcError> {
  return RpcError.from(
    await Promise.resolve(work).then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

test("metadata show what is in them, in a log and in JSON", async () => {
  const { metadata } = await failure(createClient(GreetService, createInMemoryTransport(app)).greet({}));
  const shown = { a: "1", many: ["x", "y"], "b-bin": "AAA" };
  expect(JSON.parse(JSON.stringify(metadata))).toEqual(shown);
  expect(inspect(metadata)).toBe(inspect(shown));
});

test("a passed deadline says how long the call had", async () => {
  const client = createClient(GreetService, createInMemoryTransport(app));
  const { code, message } = await failure(client.collect({ timeoutMs: 5 }).finish());
  expect(code).toBe("deadline_exceeded");
  expect(message).toMatch(/^the deadline has passed: the call had \d ms$/);
});

test("a request by hand with the wrong content type, or verb, is told the right one", async () => {
  await using server = await serve({ ...app, port: 0, host: "127.0.0.1" });
  const post = async (path: string, init: RequestInit): Promise<string> => {
    const response = await fetch(`${server.url}/greet.v1.GreetService/${path}`, init);
    return `${response.status} ${await response.text()}`;
  };
  const json = { "content-type": "application/json" };
  expect(await post("Greet", { method: "POST", body: new URLSearchParams({ name: "Ada" }) })).toMatch(
    /^415 .*\/Greet does not take content-type application\/x-www-form-urlencoded: use .*application\/json\n$/,
  );
  expect(await post("Watch", { method: "POST", body: "{}", headers: json })).toMatch(
    /^415 .*\/Watch does not take content-type application\/json: use .*application\/connect\+json\n$/,
  );
  expect(await post("Watch", {})).toBe("405 /greet.v1.GreetService/Watch takes no GET: use POST\n");
});

test("a server that has nothing at the base URL's path is told from one that fails", async () => {
  const other = createServer((_request, response) => response.writeHead(404).end("no")).listen(
    0,
    "127.0.0.1",
  );
  await new Promise((listening) => other.once("listening", listening));
  await using transport = createTransport({
    baseUrl: `http://127.0.0.1:${(other.address() as AddressInfo).port}/nowhere`,
  });
  const { code, message } = await failure(createClient(GreetService, transport).greet({}));
  expect(code).toBe("unimplemented");
  expect(message).toContain(
    "HTTP status 404 without a Connect error from /greet.v1.GreetService/Greet: is the path of the base URL right, and does this server serve greet.v1.GreetService?",
  );
  other.close();
});

test.each([
  [415, "connect", "the server does not take application/proto: set another protocol"],
  [415, "grpc-web", "the server does not take application/grpc-web+proto: set another protocol"],
  [302, "connect", "a redirect, which is not followed: give the URL that it leads to as baseUrl"],
  [308, "grpc-web", "a redirect, which is not followed: give the URL that it leads to as baseUrl"],
] as const)("what an HTTP status %i means for a call of %s", async (status, protocol, text) => {
  const other = createServer((_request, response) => response.writeHead(status, { location: "/" }).end());
  other.listen(0, "127.0.0.1");
  await new Promise((listening) => other.once("listening", listening));
  const baseUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  await using transport = createTransport({ baseUrl, protocol });
  const { message } = await failure(createClient(GreetService, transport).greet({}));
  expect(message).toMatch(/^HTTP status \d+ without a .* from \/greet\.v1\.GreetService\/Greet: /);
  expect(message.endsWith(`: ${text}`)).toBe(true);
  other.close();
});

describe("plain JavaScript that leaves something out, or gives something else, is told what belongs there:", () => {
  const baseUrl = "http://localhost";
  const passing: Interceptor = (call, next) => next(call);
  const services: App["services"] = [implementPartial(GreetService, {})];

  test.each<[string, () => unknown, string]>([
    [
      "no handlers",
      () => implement(GreetService, undefined as never),
      "the handlers of greet.v1.GreetService are missing: give an object with greet, watch, collect, chat",
    ],
    [
      "no service",
      () => implement(undefined as never, {}),
      "not a service: take the one that protoc-gen-millrace generated",
    ],
    [
      "no options",
      () => createTransport(undefined as never),
      "baseUrl is missing: give the URL of the server",
    ],
    [
      "no options over fetch",
      () => web.createTransport(undefined as never),
      "baseUrl is missing: give the URL of the server",
    ],
    [
      "a base URL alone",
      () => createTransport(baseUrl as never),
      "createTransport() takes its options as an object, not a string",
    ],
    [
      "a base URL alone over fetch",
      () => web.createTransport(baseUrl as never),
      "createTransport() takes its options as an object, not a string",
    ],
    [
      "a transport's interceptor",
      () => createTransport({ baseUrl, interceptors: [passing, "x" as never] }),
      'interceptors[1] is "x", not a function',
    ],
    [
      "a client's interceptor",
      () => createClient(GreetService, createTransport({ baseUrl }), { interceptors: [undefined as never] }),
      "interceptors[0] is undefined, not a function",
    ],
    [
      "a service's interceptor",
      () => implementPartial(GreetService, {}, { interceptors: [passing, null as never] }),
      "interceptors[1] is null, not a function",
    ],
    [
      "an App's interceptors",
      () => createInMemoryTransport({ services, interceptors: passing as never }),
      "interceptors is no array: give an array of functions",
    ],
    [
      "a transport's headers",
      () => createTransport({ baseUrl, headers: "x" as never }),
      "metadata (headers, trailers) cannot be made of a string: give a record, pairs, Headers or Metadata",
    ],
    [
      "an error's metadata",
      () => new RpcError("aborted", "x", { metadata: 5 as never }),
      "metadata (headers, trailers) cannot be made of a number",
    ],
  ])("%s", (_, make, text) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(text);
  });

  test.each<[unknown, string]>([
    ["id", 'gave the string "id" where a message belongs'],
    [7, "gave the number 7 where a message belongs"],
    [undefined, "gave undefined where a message belongs"],
  ])("a handler that answers with %j", async (given, text) => {
    const reported: unknown[] = [];
    const answering = [implementPartial(GreetService, { greet: () => given as never })];
    const transport = createInMemoryTransport({
      services: answering,
      onError: (error) => reported.push(error),
    });
    await failure(createClient(GreetService, transport).greet({}));
    expect(String(reported[0])).toContain(text);
  });
});
