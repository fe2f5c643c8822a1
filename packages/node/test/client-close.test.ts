import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Connector } from "@millrace/exchange";
import { nodeConnector } from "../src/client/node-connector.ts";
import { createTransport } from "../src/transport.ts";
import { HEADERS, headers } from "../../../test/support/frames.ts";
import { scriptedHttp2, SocketServer, Talk } from "./client-harness.ts";

/** A server that answers each request at once, with a 200 and nothing more, or never. */
async function serving(httpVersion: "1.1" | "2", answers: boolean): Promise<SocketServer> {
  if (httpVersion === "2")
    return scriptedHttp2(({ type, stream }, socket) => {
      if (type !== HEADERS || !answers) return;
      socket.write(headers(stream, true, ":status", "200"));
    });
  return SocketServer.listen((socket) => {
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      // The head of a whole request, or the last chunk of a streamed one.
      if (!/(^|\n)content-length: 0\r\n\r\n|\r\n0\r\n\r\n$/.test(received) || !answers) return;
      received = "";
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
}

/** The server hears of the end of its first connection, in turns of the event loop and not in seconds. */
async function expectGone(server: SocketServer): Promise<void> {
  const first = await server.first;
  for (let turns = 0; first.readable && turns < 1000; turns++)
    await new Promise((resolve) => setImmediate(resolve));
  expect(first.readable).toBe(false);
}

describe.each([
  ["HTTP/1.1, a body given whole", "1.1", null],
  ["HTTP/1.1, a streamed body", "1.1", "streamed"],
  ["HTTP/2", "2", "streamed"],
] as const)("closing a connector over %s", (_name, httpVersion, body) => {
  function open(connector: Connector): Talk {
    const talk = Talk.open(connector, { body });
    talk.exchange.end(null);
    return talk;
  }

  test("closes the connection that is idle", async () => {
    await using server = await serving(httpVersion, true);
    const connector = nodeConnector({ baseUrl: server.url, httpVersion });
    const talk = await open(connector).closes();
    expect([talk.status, talk.delivered]).toEqual([200, true]);
    await connector.close(60_000);
    await expectGone(server);
  });

  test("closes the connection of what it resets", async () => {
    await using server = await serving(httpVersion, false);
    const connector = nodeConnector({ baseUrl: server.url, httpVersion });
    const talk = await open(connector).saw("sent");
    await server.first;
    await connector.close(0);
    expect(talk.died).toMatchObject({ by: "local", kind: "shutdown", processed: "maybe" });
    // Who did it.
    expect(talk.died?.text).toMatch(
      /^(this side closed the connection to .*|the transport to .* was closed)$/,
    );
    await expectGone(server);
  });

  describe("on a clock", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    test("waits for what runs as long as its grace, and no longer", async () => {
      await using server = await serving(httpVersion, false);
      const connector = nodeConnector({ baseUrl: server.url, httpVersion });
      const talk = await open(connector).saw("sent");
      let resolved = false;
      const closing = connector.close(5000).then(() => (resolved = true));
      vi.advanceTimersByTime(4999);
      await new Promise((resolve) => setImmediate(resolve));
      expect([talk.log, resolved]).toEqual([["sent"], false]);
      vi.advanceTimersByTime(2);
      await Promise.all([closing, talk.closes()]);
      expect(talk.died).toMatchObject({ by: "local", kind: "shutdown", processed: "maybe" });
    });
  });
});

test("a transport that goes out of scope closes its connections", async () => {
  await using server = await serving("2", true);
  {
    await using transport = createTransport({ baseUrl: server.url, protocol: "grpc" });
    const { core } = transport["~transport"] as { readonly core: { readonly connector: Connector } };
    await Talk.open(core.connector).closes();
  }
  await expectGone(server);
});
