// What users are shown when something is wrong: it names the value and the fix.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import {
  createClient,
  createInMemoryTransport,
  createTransport,
  implementPartial,
  RpcError,
  serve,
} from "@millrace/node";
import type { App } from "@millrace/node";
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
    "HTTP status 404 without a Connect error from /greet.v1.GreetService/Greet: is the path of the base URL right?",
  );
  other.close();
});
