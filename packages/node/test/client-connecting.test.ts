import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeConnector } from "../src/client/node-connector.ts";
import { SocketServer, Talk } from "./client-harness.ts";

/** A client of a server that takes the connection and never says a word, not even in TLS. */
interface Connecting extends AsyncDisposable {
  readonly talk: Talk;
  readonly port: number;
  /** The server's end of the connection that is being made. */
  readonly socket: Socket;
  close(): Promise<void>;
}

describe.each([
  ["HTTP/1.1, a body given whole", "1.1", null],
  ["HTTP/1.1, a streamed body", "1.1", "streamed"],
  ["HTTP/2", "2", "streamed"],
  ["ALPN", undefined, "streamed"],
] as const)("while a connection is being made for %s", (_name, httpVersion, body) => {
  async function connecting(connectTimeoutMs: number): Promise<Connecting> {
    const server = await SocketServer.listen((socket) => socket.resume());
    const { port } = server;
    const connector = nodeConnector({ baseUrl: `https://127.0.0.1:${port}`, httpVersion, connectTimeoutMs });
    const talk = Talk.open(connector, { body, head: { scheme: "https" } });
    const close = (): Promise<void> => connector.close(0);
    return {
      talk,
      port,
      socket: await server.first,
      close,
      async [Symbol.asyncDispose]() {
        await close();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  test("closing the connector gives the connection up, and nothing was processed", async () => {
    await using on = await connecting(Infinity);
    const closed = once(on.socket, "close");
    await on.close();
    await Promise.all([on.talk.closes(), closed]);
    expect(on.talk.log).toEqual(["fault", "closed"]);
    expect(on.talk.died).toMatchObject({ by: "local", kind: "shutdown", processed: "never" });
  });

  describe("on a clock", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    test("it is given up after connectTimeoutMs, which the fault names, and not before", async () => {
      await using on = await connecting(5000);
      const closed = once(on.socket, "close");
      vi.advanceTimersByTime(4999);
      await new Promise((resolve) => setImmediate(resolve));
      expect(on.talk.log).toEqual([]);
      vi.advanceTimersByTime(2);
      await Promise.all([on.talk.closes(), closed]);
      expect(on.talk.died).toMatchObject({ by: "transport", kind: "connect", processed: "never" });
      expect(on.talk.died?.text).toBe(`cannot connect to 127.0.0.1:${on.port} within 5000 ms`);
    });
  });
});
