import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test } from "vitest";
import { ErrorCode, type Connector } from "@millrace/exchange";
import { nodeConnector, type NodeConnectorOptions } from "../src/client/node-connector.ts";
import { TlsSessions } from "../src/client/tls-sessions.ts";
import { listen } from "../src/server/listen.ts";
import { goaway, HEADERS, headers } from "../../../test/support/frames.ts";
import { pem } from "../../../test/support/pem.ts";
import { TcpRelay } from "../../../test/life/support/tcp-relay.ts";
import { scriptedHttp2, SocketServer, Talk } from "./client-harness.ts";

const tls = { key: pem("server-key"), cert: pem("server") };
const head = { scheme: "https" };
const open: Connector[] = [];

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close(0);
});

function connect(port: number, options: Partial<NodeConnectorOptions>): Connector {
  const connector = nodeConnector({
    baseUrl: `https://localhost:${port}`,
    tls: { ca: pem("ca") },
    ...options,
  });
  open.push(connector);
  return connector;
}

/** A server whose connections end behind their first answer; `resumed` says of each whether it was. */
async function serving(speaks: "1.1" | "2", resumed: boolean[], options: TlsOptions): Promise<SocketServer> {
  const opened = (socket: Socket): void => void resumed.push((socket as TLSSocket).isSessionReused());
  if (speaks === "1.1")
    return await SocketServer.listen(
      (socket) => {
        opened(socket);
        socket.on("data", (chunk: Buffer) => {
          if (chunk.includes("\r\n\r\n"))
            socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        });
      },
      { ...tls, ...options, ALPNProtocols: ["http/1.1"] },
    );
  return await scriptedHttp2(
    ({ type, stream }, socket) => {
      if (type !== HEADERS) return;
      socket.end(
        Buffer.concat([headers(stream, true, ":status", "200"), goaway(stream, ErrorCode.NO_ERROR)]),
      );
    },
    { opened, tls: { ...tls, ...options, ALPNProtocols: ["h2"] } },
  );
}

describe.each(["TLSv1.3", "TLSv1.2"] as const)("%s: connections behind the first are resumed", (version) => {
  test.each([
    ["1.1", "1.1", null],
    ["1.1", "1.1", "streamed"],
    ["2", "2", null],
    ["1.1", undefined, null],
    ["2", undefined, null],
  ] as const)("HTTP/%s (httpVersion %s, body %s)", async (speaks, httpVersion, body) => {
    const resumed: boolean[] = [];
    await using server = await serving(speaks, resumed, { minVersion: version, maxVersion: version });
    const connector = connect(server.port, { httpVersion });
    const certificates: (Uint8Array | null | undefined)[] = [];
    for (let call = 0; call < 3; call++) {
      const answered = ({ exchange, peer }: Talk): void => {
        certificates.push(peer?.certificate());
        exchange.end(null);
      };
      const talk = Talk.open(connector, { head, body, on: { head: answered } });
      if (body === "streamed") talk.exchange.end(null);
      await talk.closes();
      expect(talk.status).toBe(200);
      const last = server.sockets.at(-1)!;
      if (!last.destroyed) await once(last, "close");
    }
    expect(resumed).toEqual([false, true, true]);
    // The certificate is not sent again; it is known all the same.
    expect(certificates[0]).toBeInstanceOf(Uint8Array);
    expect(certificates[1]).toEqual(certificates[0]);
  });
});

describe.each(["TLSv1.3", "TLSv1.2"] as const)("%s: a server that does not bear the name", (version) => {
  const versions = { minVersion: version, maxVersion: version };

  test("is refused each time, whatever it was given before", async () => {
    await using server = await serving("2", [], versions);
    const connector = connect(server.port, {
      httpVersion: "2",
      tls: { ca: pem("ca"), servername: "other.test" },
    });
    for (let call = 0; call < 3; call++) {
      const talk = await Talk.open(connector, { head }).closes();
      expect(talk.died?.text).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
    }
  });

  test("never has its certificate for a verified one, where any is taken", async () => {
    await using server = await serving("2", [], versions);
    const connector = connect(server.port, {
      httpVersion: "2",
      tls: { ca: pem("ca"), servername: "other.test", rejectUnauthorized: false },
    });
    for (let call = 0; call < 3; call++) {
      let certificate: Uint8Array | null | undefined;
      const answered = ({ peer }: Talk): void => void (certificate = peer?.certificate());
      const talk = await Talk.open(connector, { head, on: { head: answered } }).closes();
      expect([talk.status, certificate]).toEqual([200, null]);
    }
  });
});

describe("tickets by the thousand", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;

  test.each([
    ["before it is known whom they are from", false, 8],
    ["of a server that is not verified", true, 0],
  ])("%s: %s", async (_when, secured, most) => {
    const socket = Object.assign(new EventEmitter(), { authorized: false });
    const sessions = new TlsSessions();
    sessions.listen(socket as unknown as TLSSocket, undefined);
    if (secured) socket.emit("secureConnect");
    const tickets = Array.from({ length: 1000 }, () => {
      const ticket = Buffer.alloc(4096);
      socket.emit("session", ticket);
      return new WeakRef(ticket);
    });
    if (secured) expect(sessions.take()).toBeUndefined();
    // A WeakRef holds until the end of the turn that made it.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(tickets.filter((ticket) => ticket.deref() !== undefined).length).toBe(most);
    expect(socket.listenerCount("session")).toBe(secured ? 0 : 1);
  });
});

test("a server that forgets its tickets is connected to all the same", async () => {
  const ticketKeys = (): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(48)));
  const resumed: boolean[] = [];
  await using first = await serving("2", resumed, { ticketKeys: ticketKeys() });
  const connector = connect(first.port, { httpVersion: "2" });
  expect((await Talk.open(connector, { head }).closes()).status).toBe(200);
  const { port } = first;
  await first[Symbol.asyncDispose]();
  await using second = await serving("2", resumed, { ticketKeys: ticketKeys() });
  // The same port, and another server behind it.
  const relay = await TcpRelay.to(second.port, port);
  expect((await Talk.open(connector, { head }).closes()).status).toBe(200);
  expect(resumed).toEqual([false, false]);
  await relay.close();
});

test("a client's certificate is known to a server that resumes its connection", async () => {
  const certificates: (Uint8Array | null)[] = [];
  await using server = await listen(
    (exchange) => {
      certificates.push(exchange.peer.certificate());
      exchange.reply(200, [], null, null);
      return { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
    },
    {
      port: 0,
      host: "127.0.0.1",
      tls: { ...tls, ca: pem("ca"), requestCert: true, rejectUnauthorized: true },
    },
  );
  const relay = await TcpRelay.to(Number(new URL(server.url).port));
  const connector = connect(relay.port, {
    httpVersion: "2",
    tls: { ca: pem("ca"), cert: pem("client"), key: pem("client-key") },
  });
  const first = await Talk.open(connector, { head }).closes();
  relay.cut();
  let second = await Talk.open(connector, { head }).closes();
  // The loss may be noticed later.
  if (second.status === undefined) second = await Talk.open(connector, { head }).closes();
  expect([first.status, second.status, relay.accepted]).toEqual([200, 200, 2]);
  expect(certificates[0]).toBeInstanceOf(Uint8Array);
  expect(certificates.at(-1)).toEqual(certificates[0]);
  await relay.close();
});
