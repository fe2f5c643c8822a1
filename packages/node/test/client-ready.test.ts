import { afterEach, describe, expect, test } from "vitest";
import { ErrorCode, type Connector } from "@millrace/exchange";
import { nodeConnector } from "../src/client/node-connector.ts";
import { listen } from "../src/server/listen.ts";
import { SocketServer, Talk } from "./client-harness.ts";

const open: Connector[] = [];

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close(0);
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = await SocketServer.listen(() => {});
  const { port } = server;
  await server[Symbol.asyncDispose]();
  return port;
}

const hints = { waitForReady: true };

describe.each(["1.1", "2"] as const)("over HTTP/%s", (httpVersion) => {
  function connect(port: number): Connector {
    const connector = nodeConnector({ baseUrl: `http://127.0.0.1:${port}`, httpVersion });
    open.push(connector);
    return connector;
  }

  test("an exchange that waits for ready outlives refused connections, and its body arrives once", async () => {
    const port = await freePort();
    const connector = connect(port);
    const impatient = await Talk.open(connector).closes();
    expect(impatient.died).toMatchObject({ kind: "connect", processed: "never" });
    const whole = Talk.open(connector, { hints, body: Buffer.from("whole") });
    const streamed = Talk.open(connector, { hints, body: "streamed" });
    streamed.exchange.write(Buffer.from("one "));
    streamed.exchange.write(Buffer.from("two"));
    streamed.exchange.end(null);
    // The first attempts have failed when one that does not wait has.
    await Talk.open(connector).closes();
    expect([whole.log, streamed.log]).toEqual([[], []]);
    const bodies: string[] = [];
    await using server = await listen(
      (exchange) => {
        let body = "";
        return {
          data: (chunk, start, end) => void (body += Buffer.from(chunk.subarray(start, end)).toString()),
          end: () => {
            bodies.push(body);
            exchange.reply(200, [], null, null);
          },
          fault: () => {},
          writable: () => {},
          closed: () => {},
        };
      },
      { port, host: "127.0.0.1" },
    );
    await Promise.all([whole.closes(), streamed.closes()]);
    expect(bodies.sort()).toEqual(["one two", "whole"]);
    expect([whole.delivered, streamed.delivered, server.url]).toEqual([
      true,
      true,
      `http://127.0.0.1:${port}`,
    ]);
    expect(whole.log).toEqual(["sent", "head", "end", "closed"]);
  });

  test("an exchange that waits can be reset, and only closes", async () => {
    const connector = connect(await freePort());
    const talk = Talk.open(connector, { hints });
    await Talk.open(connector).closes();
    talk.exchange.reset(ErrorCode.CANCEL);
    await talk.closes();
    expect(talk.log).toEqual(["closed"]);
  });

  test("closing the connector ends an exchange that waits", async () => {
    const connector = connect(await freePort());
    const talk = Talk.open(connector, { hints });
    await Talk.open(connector).closes();
    await connector.close(60_000);
    await talk.closes();
    expect(talk.died).toMatchObject({ by: "local", kind: "shutdown", processed: "never" });
  });

  test("what fails after it was sent is not tried again", async () => {
    await using server = await SocketServer.listen((socket) => {
      // SETTINGS, so that HTTP/2 sends; HTTP/1.1 is hung up on.
      if (httpVersion === "2") socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      socket.on("data", (chunk: Buffer) => {
        if (httpVersion === "1.1" || chunk.includes(Buffer.from([0x83]))) socket.resetAndDestroy();
      });
    });
    const talk = await Talk.open(connect(server.port), { hints }).closes();
    expect(talk.died).toMatchObject({ kind: "lost", processed: "maybe" });
    expect(server.sockets.length).toBe(1);
  });
});
