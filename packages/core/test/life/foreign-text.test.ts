import { createClient } from "@millrace/core";
import type { Protocol } from "@millrace/core";
import { connectTransport, memoryConnector } from "@millrace/core/host";
import type { Fields, ServerExchange } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { partsFor, protocols, quiet } from "../support/stage.ts";

const path = "/greet.v1.GreetService/Greet";
const missing: Record<Protocol, string> = {
  connect: "a Connect error",
  grpc: "a gRPC status",
  "grpc-web": "a gRPC status",
};

/** A call that is answered by something that knows no RPC: with this head, and whatever `body` writes. */
function answered(
  protocol: Protocol,
  status: number,
  fields: Fields,
  body: (exchange: ServerExchange) => void,
  timeoutMs = Infinity,
) {
  const host = new FakeHost();
  const events: string[] = [];
  const connector = memoryConnector((exchange) => {
    exchange.respond(status, fields);
    exchange.flush();
    body(exchange);
    return {
      data() {},
      end() {},
      fault: ({ kind }) => void events.push(kind),
      writable() {},
      closed: () => void events.push("closed"),
    };
  }, host);
  const client = createClient(GreetService, connectTransport(partsFor(host, connector, protocol), {}));
  const error = client.greet({}, { timeoutMs }).then(
    () => expect.unreachable(),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );
  return { host, error, events };
}

const write = (text: string) => (exchange: ServerExchange) => {
  exchange.write(new TextEncoder().encode(text));
  exchange.end(null);
};

describe.each(protocols)("an answer that is none of %s", (protocol) => {
  test("is quoted if it is a text, on one line, with what would disturb a log escaped", async () => {
    const body = write('<html>\r\n\t<h1>502 Bad "Gateway"</h1>\u001b[31m\u009b\u202e</html>\n');
    const { error } = answered(protocol, 502, ["content-type", "text/html; charset=utf-8"], body);
    expect(await error).toEqual({
      code: "unavailable",
      message: `HTTP status 502 without ${missing[protocol]} from ${path}; its text: "<html> <h1>502 Bad \\"Gateway\\"</h1>\\u001b[31m\\u009b\\u202e</html>"`,
    });
  });

  test("is quoted with a status of 200, too", async () => {
    const { error } = answered(protocol, 200, ["content-type", "text/plain"], write("please log in"));
    const { code, message } = await error;
    expect(code).toBe("unknown");
    expect(message).toMatch(
      /^response content-type "text\/plain" is not application\/.*; its text: "please log in"$/,
    );
  });

  test("is quoted by its first 200 characters, and what follows is not waited for", async () => {
    const body = (exchange: ServerExchange): void =>
      void exchange.write(new TextEncoder().encode("é".repeat(5000)));
    const { error, events } = answered(protocol, 503, ["content-type", "text/plain"], body);
    expect((await error).message).toMatch(/; its text: "é{200}"…$/);
    await quiet();
    expect(events).toContain("closed");
  });

  test("is waited for no longer than a moment, and all is let go of then", async () => {
    const body = (exchange: ServerExchange): void => void exchange.write(new TextEncoder().encode("half a "));
    const { host, error, events } = answered(protocol, 503, ["content-type", "text/plain"], body);
    await quiet();
    expect(events).toEqual([]);
    host.advance(250);
    expect(await error).toEqual({
      code: "unavailable",
      message: `HTTP status 503 without ${missing[protocol]} from ${path}; its text: "half a"`,
    });
    await quiet();
    expect(events).toContain("closed");
    expect(host.timers).toBe(0);
  });

  test("is what the call fails with, whose deadline comes while its text is waited for", async () => {
    const { host, error } = answered(protocol, 503, ["content-type", "text/plain"], () => {}, 100);
    await quiet();
    host.advance(100);
    expect((await error).code).toBe("unavailable");
  });

  test.each([
    ["bytes", ["content-type", "application/octet-stream"]],
    ["compressed", ["content-type", "text/html", "content-encoding", "gzip"]],
    ["of no type", []],
  ])("is not quoted if it is %s: the head alone decides", async (_, fields) => {
    const { error } = answered(protocol, 502, fields, () => {});
    expect((await error).message).toBe(`HTTP status 502 without ${missing[protocol]} from ${path}`);
  });

  test("is not quoted if it is empty, and keeps what was said if it breaks off", async () => {
    const empty = answered(protocol, 502, ["content-type", "text/plain"], (exchange) => exchange.end(null));
    expect((await empty.error).message).toBe(`HTTP status 502 without ${missing[protocol]} from ${path}`);
    const broken = answered(protocol, 502, ["content-type", "text/plain"], (exchange) => {
      exchange.write(new TextEncoder().encode("Bad"));
      exchange.reset(2);
    });
    expect((await broken.error).code).toBe("unavailable");
  });
});
