import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createClient,
  createNodeHandler,
  createTransport,
  implementPartial,
  isNotModified,
  notModified,
  RpcError,
} from "@millrace/node";
import type { TransportOptions } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";

const seen: string[] = [];
const handler = createNodeHandler({
  services: [
    implementPartial(GreetService, {
      greet: (request, call) => {
        call.responseHeaders.set("etag", '"1"');
        if (call.requestHeaders.get("if-none-match") === '"1"') throw notModified();
        return { greeting: `${call.httpMethod} ${request.name.length}` };
      },
    }),
  ],
});
const server = createServer((request, response) => {
  seen.push(`${request.method} ${request.url?.replace(/message=.*/, "message=…")}`);
  handler(request, response);
});
let baseUrl = "";
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function greet(
  options: Omit<TransportOptions, "baseUrl">,
  name: string,
  headers = {},
): Promise<string> {
  await using transport = createTransport({ baseUrl, ...options });
  seen.length = 0;
  return (await createClient(GreetService, transport).greet({ name }, { headers })).greeting;
}

test("a method without side effects is called by GET when asked, with the parameters in the order caches rely on", async () => {
  expect(await greet({ connectGet: true }, "Ada")).toBe("GET 3");
  expect(seen).toEqual(["GET /greet.v1.GreetService/Greet?connect=v1&base64=1&encoding=proto&message=…"]);
  expect(await greet({ connectGet: true, codec: "json" }, "Ada ü&+")).toBe("GET 7");
  expect(seen).toEqual(["GET /greet.v1.GreetService/Greet?connect=v1&encoding=json&message=…"]);
});

test("a URL beyond the limit is compressed, and else becomes a POST", async () => {
  const long = "a".repeat(4_000);
  expect(await greet({ connectGet: { maxUrlBytes: 400 } }, long)).toBe("POST 4000");
  expect(await greet({ connectGet: { maxUrlBytes: 400 }, compression: { send: "gzip" } }, long)).toBe(
    "GET 4000",
  );
  expect(seen).toEqual([
    "GET /greet.v1.GreetService/Greet?connect=v1&base64=1&compression=gzip&encoding=proto&message=…",
  ]);
});

test("a handler answers a GET with 304, which the client tells from other errors", async () => {
  const headers = { "if-none-match": '"1"' };
  const plain = await fetch(
    `${baseUrl}/greet.v1.GreetService/Greet?connect=v1&encoding=json&message=%7B%7D`,
    { headers },
  );
  expect([plain.status, plain.headers.get("etag"), plain.headers.get("vary"), await plain.text()]).toEqual([
    304,
    '"1"',
    "accept-encoding",
    "",
  ]);
  const byGet = await greet({ connectGet: true }, "Ada", headers).catch((error: unknown) => error);
  expect(isNotModified(byGet)).toBe(true);
  expect(RpcError.from(byGet).metadata.get("etag")).toBe('"1"');
  const byPost = await greet({}, "Ada", headers).catch((error: unknown) => error);
  expect([isNotModified(byPost), RpcError.from(byPost).code]).toEqual([false, "unknown"]);
});
