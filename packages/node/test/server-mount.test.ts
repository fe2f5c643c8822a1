import { once } from "node:events";
import {
  createServer as createHttp1Server,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import {
  connect as connectHttp2,
  createSecureServer,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { createServer as createHttpsServer, request as requestTls } from "node:https";
import type { AddressInfo, Server } from "node:net";

import { afterEach, describe, expect, it, vi } from "vitest";

import { mount, type NodeHandler } from "../src/server/mount/mount.ts";
import { echo, type Handlers, RawConnection, Recorder, TLS } from "./server-harness.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(server: Server & { closeAllConnections?(): void }): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.close();
    server.closeAllConnections?.();
  });
  return (server.address() as AddressInfo).port;
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly fields: readonly string[];
  readonly trailers: readonly string[];
}

async function overHttp1(port: number, path: string, body: string, secure = false): Promise<Reply> {
  const options = { port, host: "127.0.0.1", path, method: "POST", agent: false, ca: TLS.ca } as const;
  const call = secure ? requestTls(options) : request(options);
  call.end(body);
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return {
    status: response.statusCode ?? 0,
    text,
    fields: response.rawHeaders,
    trailers: response.rawTrailers,
  };
}

async function overHttp2(port: number, path: string, body: string, secure = false): Promise<Reply> {
  const session = connectHttp2(`${secure ? "https" : "http"}://127.0.0.1:${port}`, { ca: TLS.ca });
  const call = session.request({ ":path": path, ":method": "POST" });
  let [text, status] = ["", 0];
  let fields: readonly string[] = [];
  let trailers: readonly string[] = [];
  call.on("response", (head, _flags, raw) => {
    status = Number(head[":status"]);
    fields = raw;
  });
  call.on("trailers", (_head, _flags, raw) => (trailers = raw));
  call.on("data", (chunk: Buffer) => (text += chunk.toString()));
  call.end(body);
  await once(call, "close");
  session.close();
  return { status, text, fields, trailers };
}

const echoWithTrailers: Handlers = {
  end: ({ exchange, text }) =>
    exchange.reply(200, ["x-http", exchange.caps.http], Buffer.from(`${exchange.head.scheme} ${text}`), [
      "t",
      "1",
    ]),
};

describe("a handler mounted", () => {
  it.each<[string, (handler: NodeHandler) => Server, typeof overHttp1, string, boolean]>([
    ["in node:http", (handler) => createHttp1Server(handler), overHttp1, "1.1", false],
    ["in node:https", (handler) => createHttpsServer(TLS.server, handler), overHttp1, "1.1", true],
    ["in node:http2", (handler) => createHttp2Server(handler), overHttp2, "2", false],
    ["in node:http2 with TLS", (handler) => createSecureServer(TLS.server, handler), overHttp2, "2", true],
    [
      "in node:http2 with TLS, for HTTP/1.1",
      (handler) => createSecureServer({ ...TLS.server, allowHTTP1: true }, handler),
      overHttp1,
      "1.1",
      true,
    ],
  ])("%s serves bodies and trailers", async (_where, create, call, http, secure) => {
    const recorder = new Recorder(echoWithTrailers);
    const port = await open(create(mount(recorder.accept)));
    const reply = await call(port, "/a", "hi", secure);
    expect(reply).toMatchObject({
      status: 200,
      text: `${secure ? "https" : "http"} hi`,
      trailers: ["t", "1"],
    });
    expect(reply.fields[reply.fields.indexOf("x-http") + 1]).toBe(http);
    const { exchange, delivered } = await (await recorder.get()).saw("closed");
    expect(delivered).toBe(true);
    expect(exchange.peer).toMatchObject({ tls: secure });
    expect(exchange.peer.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.each([
    ["HTTP/1.1", createHttp1Server, overHttp1],
    ["HTTP/2", createHttp2Server, overHttp2],
  ] as const)("over %s passes on what is not its own, untouched", async (_http, create, call) => {
    const handler = mount(new Recorder(echo).accept);
    const others = (
      req: IncomingMessage | Http2ServerRequest,
      res: ServerResponse | Http2ServerResponse,
    ): void => {
      let text = "";
      req.on("data", (chunk: Buffer) => (text += chunk.toString()));
      req.on("end", () => {
        (res as ServerResponse).addTrailers({ theirs: "yes" });
        (res as ServerResponse).writeHead(202, { trailer: "theirs" }).end(`theirs ${text}`);
      });
    };
    const server = (create as typeof createHttp1Server)((req, res) =>
      handler(req, res, () => others(req, res)),
    );
    const port = await open(server);
    expect(await call(port, "/nobody", "body")).toMatchObject({ status: 202, text: "theirs body" });
    expect((await call(port, "/nobody", "body")).trailers).toEqual(["theirs", "yes"]);
    expect(await call(port, "/ours", "body")).toMatchObject({ status: 200, text: "body" });
  });

  it.each([
    ["HTTP/1.1", createHttp1Server, overHttp1],
    ["HTTP/2", createHttp2Server, overHttp2],
  ] as const)("over %s answers 404 to what nobody takes", async (_http, create, call) => {
    const port = await open((create as typeof createHttp1Server)(mount(new Recorder(echo).accept)));
    expect(await call(port, "/nobody", "x".repeat(100_000))).toMatchObject({
      status: 404,
      text: "404 not found\n",
    });
  });

  it.each([
    ["HTTP/1.1", createHttp1Server, overHttp1],
    ["HTTP/2", createHttp2Server, overHttp2],
  ] as const)("over %s keeps the fields of middleware, and its own win", async (_http, create, call) => {
    const handler = mount(new Recorder(echo).accept);
    const statuses: number[] = [];
    const server = (create as typeof createHttp1Server)((req, res) => {
      res.setHeader("access-control-allow-origin", "*");
      res.setHeader("set-cookie", ["a=1", "b=2"]);
      res.setHeader("content-type", "text/html");
      // As access logs do.
      res.on("finish", () => statuses.push(res.statusCode));
      handler(req, res);
    });
    const { fields } = await call(await open(server), "/", "x");
    const named = (name: string): string[] =>
      fields.filter((_value, index) => index % 2 === 1 && fields[index - 1] === name);
    expect(named("access-control-allow-origin")).toEqual(["*"]);
    expect(named("set-cookie")).toEqual(["a=1", "b=2"]);
    expect(named("content-type")).toEqual(["text/plain"]);
    expect(statuses).toEqual([200]);
  });

  it.each([
    ["HTTP/1.1", createHttp1Server, overHttp1],
    ["HTTP/2", createHttp2Server, overHttp2],
  ] as const)(
    "over %s says that a body parser has taken the body, and does not hang",
    async (_http, create, call) => {
      const recorder = new Recorder(echo);
      const handler = mount(recorder.accept);
      const server = (create as typeof createHttp1Server)((req, res) => {
        req.resume();
        req.on("end", () => handler(req, res));
      });
      const printed = vi.spyOn(console, "error").mockImplementation(() => {});
      cleanups.push(() => printed.mockRestore());
      const port = await open(server);
      const reply = await call(port, "/", "a body");
      expect(reply.status).toBe(500);
      expect(reply.text).toMatch(/body was read .* before body parsers/);
      const { died, delivered } = await (await recorder.get()).saw("closed");
      expect(died).toMatchObject({ by: "local" });
      expect(delivered).toBe(false);
      // The server's own log has it once, and not again for every request.
      expect((await call(port, "/", "another")).status).toBe(500);
      expect(printed.mock.calls).toEqual([[`millrace: ${reply.text.trim()}`]]);
    },
  );

  it.each([
    ["HTTP/1.1", createHttp1Server, overHttp1],
    ["HTTP/2", createHttp2Server, overHttp2],
  ] as const)(
    "over %s serves a request without a body that a parser has looked into",
    async (_http, create, call) => {
      const handler = mount(new Recorder(echo).accept);
      const server = (create as typeof createHttp1Server)((req, res) => {
        req.resume();
        req.on("end", () => handler(req, res));
      });
      expect(await call(await open(server), "/", "")).toMatchObject({ status: 200, text: "" });
    },
  );

  it.each([
    ["HTTP/1.1", createHttp1Server],
    ["HTTP/2", createHttp2Server],
  ] as const)("over %s hears that the client went away while middleware was busy", async (http, create) => {
    const recorder = new Recorder(echo);
    const handler = mount(recorder.accept);
    const server = (create as typeof createHttp1Server)((req, res) => {
      res.on("close", () => setImmediate(() => handler(req, res)));
      arrived();
    });
    let arrived = (): void => {};
    const came = new Promise<void>((resolve) => (arrived = resolve));
    const port = await open(server);
    if (http === "HTTP/2") {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      const call = session.request({ ":method": "POST" });
      call.on("error", () => {});
      await came;
      call.close(8);
      cleanups.push(() => session.destroy());
    } else {
      const raw = new RawConnection(port).send("POST / HTTP/1.1", "host: h", "content-length: 9", "", "");
      await came;
      raw.socket.destroy();
    }
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.log).toEqual(["fault", "closed"]);
  });
});
