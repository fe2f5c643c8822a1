import { once } from "node:events";
import { get, type IncomingMessage, request } from "node:http";
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { get as getTls } from "node:https";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { connect as connectTls } from "node:tls";

import { afterEach, describe, expect, it, vi } from "vitest";

import {
  ACK,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  PING,
  SETTINGS,
} from "../../../test/support/frames.ts";
import { ListenError } from "../src/server/listen-error.ts";
import type { Listening, ListenOptions } from "../src/server/listen-options.ts";
import { listen } from "../src/server/listen.ts";
import { echo, type Handlers, portOf, RawConnection, Recorder, TLS } from "./server-harness.ts";

/** HPACK: GET, http, `/`, all from the static table; and the authority `h`. */
const getRoot = Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x68]);

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(
  on: Handlers,
  options: ListenOptions = { host: "127.0.0.1" },
): Promise<{ readonly recorder: Recorder; readonly server: Listening; readonly port: number }> {
  const recorder = new Recorder(on);
  const server = await listen(recorder.accept, options);
  cleanups.push(() => server.close({ graceMs: 0 }));
  return { recorder, server, port: server.url.startsWith("unix:") ? 0 : portOf(server.url) };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "millrace-"));
  cleanups.push(() => rm(path, { recursive: true }));
  return path;
}

function http2(url: string, options: Parameters<typeof connectHttp2>[1] = {}): ClientHttp2Session {
  const session = connectHttp2(url, options as object);
  session.on("error", () => {});
  cleanups.push(() => session.destroy());
  return session;
}

async function overHttp2(session: ClientHttp2Session, path: string): Promise<string> {
  const call = session.request({ ":path": path, ":method": "POST" });
  let text = "";
  call.on("data", (chunk: Buffer) => (text += chunk.toString()));
  call.end("h2");
  await once(call, "close");
  return text;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

async function failure(options: ListenOptions): Promise<ListenError> {
  const error = await refusal(options);
  expect(error).toBeInstanceOf(ListenError);
  return error as ListenError;
}

async function refusal(options: ListenOptions): Promise<unknown> {
  return listen(() => null, options).then(
    async (server) => {
      await server.close({ graceMs: 0 });
      return undefined;
    },
    (reason: unknown) => reason,
  );
}

const trusting = { ca: TLS.ca, servername: "localhost" };

const answerPath: Handlers = {
  end: ({ exchange }) =>
    exchange.reply(
      200,
      [],
      Buffer.from(`${exchange.caps.http} ${exchange.head.scheme} ${exchange.head.path}`),
      null,
    ),
};

describe("one port", () => {
  it("serves HTTP/1.1 and HTTP/2 in cleartext", async () => {
    const { server, port } = await start(answerPath);
    expect(server.url).toBe(`http://127.0.0.1:${port}`);
    const [response] = (await once(get(`${server.url}/a`), "response")) as [IncomingMessage];
    expect(await textOf(response)).toBe("1.1 http /a");
    expect(await overHttp2(http2(server.url), "/b")).toBe("2 http /b");
  });

  it("serves both over TLS, by ALPN", async () => {
    const { server } = await start(answerPath, { host: "127.0.0.1", tls: TLS.server });
    expect(server.url).toMatch(/^https:/);
    const [response] = (await once(getTls(`${server.url}/a`, { ca: TLS.ca }), "response")) as [
      IncomingMessage,
    ];
    expect(await textOf(response)).toBe("1.1 https /a");
    expect(await overHttp2(http2(server.url, { ca: TLS.ca }), "/b")).toBe("2 https /b");
  });

  it("tells HTTP/2 by a preface that comes byte by byte", async () => {
    const { port } = await start({});
    const raw = new RawConnection(port);
    raw.socket.setNoDelay(true);
    for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
      await new Promise((resolve) => raw.socket.write(byte, resolve));
    }
    raw.socket.write(Buffer.from("000000040000000000", "hex"));
    // The server's SETTINGS: type 4, stream 0.
    await raw.until(/^\0[^]{2}\x04\0\0\0\0\0/);
    raw.socket.destroy();
  });

  it("tells HTTP/1.1 by a method that begins like the preface", async () => {
    const { port } = await start(answerPath);
    const raw = new RawConnection(port);
    raw.send("PR");
    await once(raw.socket, "connect");
    raw.send("OPFIND /x HTTP/1.1", "host: h", "", "");
    await raw.until(/1\.1 http \/x$/);
    raw.socket.destroy();
  });

  describe('with httpVersion "2"', () => {
    it("serves HTTP/2 in cleartext, and ends what speaks anything else", async () => {
      const failure = Promise.withResolvers<string>();
      const { server, port, recorder } = await start(answerPath, {
        host: "127.0.0.1",
        httpVersion: "2",
        onConnectionFailure: ({ text }) => failure.resolve(text),
      });
      expect(await overHttp2(http2(server.url), "/b")).toBe("2 http /b");
      const raw = new RawConnection(port).send("GET /a HTTP/1.1", "host: h", "", "");
      await raw.closed;
      expect(raw.received).not.toContain("HTTP/1.1");
      expect(await failure.promise).toBe("HTTP/2: the connection does not begin with the preface of HTTP/2");
      expect(recorder.all).toHaveLength(1);
    });

    it("serves HTTP/2 over TLS, and offers nothing else by ALPN", async () => {
      const failure = Promise.withResolvers<string>();
      const { server, port } = await start(answerPath, {
        host: "127.0.0.1",
        tls: TLS.server,
        httpVersion: "2",
        onConnectionFailure: ({ text }) => failure.resolve(text),
      });
      expect(await overHttp2(http2(server.url, { ca: TLS.ca }), "/b")).toBe("2 https /b");
      const silent = connectTls({ port, host: "127.0.0.1", ca: TLS.ca });
      await new Promise((resolve) => silent.on("error", () => {}).on("close", resolve));
      expect(await failure.promise).toBe("TLS: the client does not ask for h2 by ALPN");
      const other = connectTls({ port, host: "127.0.0.1", ca: TLS.ca, ALPNProtocols: ["http/1.1"] });
      const [error] = (await once(other, "error")) as [Error];
      expect(error.message).toContain("no application protocol");
    });
  });

  it("answers what nobody takes with 404, and the connection goes on", async () => {
    const { server, port } = await start(echo);
    const raw = new RawConnection(port);
    await raw
      .send("POST /nobody HTTP/1.1", "host: h", "content-length: 3", "", "abc")
      .until(/404 not found\n$/);
    await raw.send("POST / HTTP/1.1", "host: h", "content-length: 3", "", "end").until(/200 OK[^]*end$/);
    raw.socket.destroy();
    const session = http2(server.url);
    expect(await overHttp2(session, "/nobody")).toBe("404 not found\n");
    expect(await overHttp2(session, "/")).toBe("h2");
  });
});

describe("client certificates", () => {
  const tls = { ...TLS.server, ca: TLS.ca, requestCert: true };

  it("that are verified are the peer's", async () => {
    const { recorder, server } = await start(answerPath, { host: "127.0.0.1", tls });
    await overHttp2(http2(server.url, { ca: TLS.ca, ...TLS.client }), "/");
    const [response] = (await once(getTls(server.url, { ca: TLS.ca, ...TLS.client }), "response")) as [
      IncomingMessage,
    ];
    await textOf(response);
    for (const index of [0, 1]) {
      const { peer } = (await recorder.get(index)).exchange;
      expect(peer.tls).toBe(true);
      const der = Buffer.from(peer.certificate() ?? []).toString("base64");
      expect(TLS.client.cert.replaceAll("\n", "")).toContain(der);
      expect(der).not.toBe("");
    }
  });

  it("are demanded, unless rejectUnauthorized is false", async () => {
    const failures: string[] = [];
    const strict = await start(answerPath, {
      host: "127.0.0.1",
      tls,
      onConnectionFailure: ({ text }) => failures.push(text),
    });
    const refused = connectTls({ port: strict.port, host: "127.0.0.1", ca: TLS.ca, ALPNProtocols: ["h2"] });
    const [alert] = (await once(refused, "error")) as [Error];
    expect(alert.message).toMatch(/certificate required/);
    expect(strict.recorder.all).toEqual([]);
    expect(failures).toEqual(["TLS handshake: peer did not return a certificate"]);
    const lax = await start(answerPath, { host: "127.0.0.1", tls: { ...tls, rejectUnauthorized: false } });
    expect(await overHttp2(http2(lax.server.url, { ca: TLS.ca }), "/")).toBe("2 https /");
    expect((await lax.recorder.get()).exchange.peer.certificate()).toBeNull();
  });
});

describe("addresses", () => {
  it("may be several, of any kind, and share the entry", async () => {
    const path = join(await folder(), "s");
    const { server } = await start(answerPath, {
      addresses: [{ host: "127.0.0.1" }, { host: "localhost", tls: TLS.server }, { path }],
    });
    const [plain = "", secure = "", unix] = server.urls;
    expect(server.url).toBe(plain);
    expect(unix).toBe(`unix:${path}`);
    expect(secure).toMatch(/^https:\/\/localhost:\d+$/);
    expect(await overHttp2(http2(plain), "/")).toBe("2 http /");
    expect(await overHttp2(http2(secure, { ca: TLS.ca }), "/")).toBe("2 https /");
    await server.close();
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("may be a Unix socket, over both protocols, and the peer says which", async () => {
    const path = join(await folder(), "s");
    const { recorder } = await start(answerPath, { path });
    const [response] = (await once(request({ socketPath: path, path: "/a" }).end(), "response")) as [
      IncomingMessage,
    ];
    expect(await textOf(response)).toBe("1.1 http /a");
    const session = http2("http://localhost", { createConnection: () => connect(path) });
    expect(await overHttp2(session, "/b")).toBe("2 http /b");
    for (const index of [0, 1])
      expect((await recorder.get(index)).exchange.peer.address).toBe(`unix:${path}`);
  });

  it("without a host are all of the machine's", async () => {
    const { server, port } = await start(answerPath, {});
    expect(server.url).toBe(`http://localhost:${port}`);
    const raw = new RawConnection(port);
    await raw.send("GET / HTTP/1.1", "host: h", "", "").until(/200 OK/);
    raw.socket.destroy();
  });

  it("of IPv6 stand in brackets", async ({ skip }) => {
    const { server } = await start(answerPath, { host: "::1" }).catch(() => skip("this machine has no IPv6"));
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  it("in use are refused, naming the address and what to do", async () => {
    const { port } = await start({});
    const error = await failure({ host: "127.0.0.1", port });
    expect(error.code).toBe("EADDRINUSE");
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain("port 0");
  });

  it("are all given back when one cannot be had", async () => {
    const { port } = await start({});
    const free = await start({});
    await free.server.close();
    await failure({
      addresses: [
        { host: "127.0.0.1", port: free.port },
        { host: "127.0.0.1", port },
      ],
    });
    const again = await start({}, { host: "127.0.0.1", port: free.port });
    expect(again.port).toBe(free.port);
  });

  it("that a dead process has left behind are taken over, those of a living one are not", async () => {
    const path = join(await folder(), "s");
    // A process that ends without closing leaves its socket file.
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
    await expect(stat(path)).resolves.toBeDefined();
    await start(answerPath, { path });
    const error = await failure({ path });
    expect(error.code).toBe("EADDRINUSE");
    expect(error.message).toContain(path);
  });

  it.each<[string, ListenOptions, RegExp]>([
    ["an unknown host", { host: "no.such.host.invalid" }, /no\.such\.host\.invalid/],
    ["a socket in a folder that does not exist", { path: "/no/such/folder/s" }, /folder/],
    ["a socket with a path too long", { path: `/tmp/${"x".repeat(200)}` }, /short/],
  ])("are refused: %s", async (_what, options, text) => {
    const error = await failure(options);
    expect(error.message).toMatch(text);
    expect(error.message).not.toContain("\n");
  });

  it.each<[string, ListenOptions, RegExp]>([
    ["a port beyond 65535", { port: 70_000 }, /70000/],
    ["a port and a path", { port: 1, path: "/x" }, /\/x/],
    ["a host and a path", { host: "127.0.0.1", path: "/x" }, /\/x/],
    ["a port below 0", { port: -1 }, /^port -1 is not a whole number between 0 and 65535$/],
    ["half a port", { port: 80.5 }, /^port 80\.5 is not a whole number between 0 and 65535$/],
    ["addresses beside a host", { host: "127.0.0.1", addresses: [{ port: 2 }] }, /either/],
    ["addresses beside a path", { path: "/x", addresses: [{ port: 2 }] }, /either/],
    ["addresses beside TLS", { tls: TLS.server, addresses: [{ port: 2 }] }, /either/],
    ["addresses beside a port", { port: 1, addresses: [{ port: 2 }] }, /either/],
    ["no address at all", { addresses: [] }, /empty/],
    ["another HTTP alone", { httpVersion: "1.1" as "2" }, /^httpVersion is "1\.1": "2", or absent for both$/],
    ["addresses beside an HTTP", { httpVersion: "2", addresses: [{ port: 2 }] }, /either/],
    ["TLS without a key", { tls: { cert: TLS.server.cert } }, /tls\.key is missing/],
    [
      "TLS with a key that is none",
      { tls: { ...TLS.server, key: "nonsense" } },
      /tls\.key is not a private key/,
    ],
    ["TLS with a certificate that is none", { tls: { ...TLS.server, cert: "nonsense" } }, /tls\.cert is not/],
    ["TLS with another's key", { tls: { ...TLS.server, key: TLS.client.key } }, /do not belong together/],
  ])("are no addresses, which is a TypeError: %s", async (_what, options, text) => {
    const error = await refusal(options);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toMatch(text);
    expect((error as TypeError).message).not.toContain("\n");
  });

  it("are looked at before the first is opened", async () => {
    const { port, server } = await start({});
    const error = await refusal({ addresses: [{ host: "127.0.0.1", port }, { port: 99_999 }] });
    expect(error).toEqual(new TypeError("port 99999 is not a whole number between 0 and 65535"));
    await server.close({ graceMs: 0 });
  });
});

describe("close()", () => {
  it("takes no new connections, and lets what runs come to its end", async () => {
    const { recorder, server, port } = await start({});
    const raw = new RawConnection(port).send("POST / HTTP/1.1", "host: h", "content-length: 3", "", "");
    const first = await recorder.get(0);
    const session = http2(server.url);
    const call = session.request({ ":method": "POST" });
    call.on("error", () => {});
    const second = await recorder.get(1);
    const closing = server.close();
    const goaway = once(session, "goaway");
    const late = connect(port, "127.0.0.1");
    const [refused] = (await once(late, "error")) as [NodeJS.ErrnoException];
    expect(refused.code).toBe("ECONNREFUSED");
    raw.send("abc");
    await first.saw("end");
    first.exchange.reply(200, [], Buffer.from("whole"), null);
    await raw.closed;
    expect(raw.received).toMatch(/\r\nconnection: close\r\n[^]*whole$/i);
    await goaway;
    call.end();
    call.resume();
    await second.saw("end");
    second.exchange.reply(200, [], null, ["t", "1"]);
    const [trailers] = (await once(call, "trailers")) as [object];
    expect(trailers).toMatchObject({ t: "1" });
    await closing;
    expect([first.delivered, second.delivered]).toEqual([true, true]);
  });

  it("says GOAWAY in two steps: what was under way is served, what comes later is refused (RFC 9113 section 6.8)", async () => {
    const { recorder, server, port } = await start(answerPath);
    const raw = new RawConnection(port).send("PRI * HTTP/2.0", "", "SM", "", "");
    raw.socket.write(frame(SETTINGS, 0, 0));
    raw.socket.write(frame(HEADERS, END_HEADERS, 1, getRoot));
    const recorded = await recorder.get(0);
    const closing = server.close();
    const everyStream = /\0\0\x08\x07\0{5}\x7f\xff{3}\0{4}\0\0\x08\x06\0{5}([^]{8})/;
    const [, opaque = ""] = everyStream.exec(await raw.until(everyStream)) ?? [];
    raw.socket.write(frame(HEADERS, END_HEADERS | END_STREAM, 3, getRoot));
    raw.socket.write(frame(PING, ACK, 0, Buffer.from(opaque, "latin1")));
    await raw.until(/\0\0\x08\x07\0\0\0\0\0\0\0\0\x03/);
    raw.socket.write(frame(HEADERS, END_HEADERS | END_STREAM, 5, getRoot));
    await raw.until(/\0\0\x04\x03\0\0\0\0\x05\0\0\0\x07/);
    raw.socket.write(frame(DATA, END_STREAM, 1));
    expect((await recorded.saw("closed")).delivered).toBe(true);
    await raw.until(/2 http \//);
    await closing;
    expect(recorder.all.length).toBe(2);
  });

  it("closes idle connections without waiting", async () => {
    const { server, port } = await start(echo);
    const raw = new RawConnection(port);
    await raw.send("POST / HTTP/1.1", "host: h", "content-length: 3", "", "end").until(/end$/);
    await overHttp2(http2(server.url), "/");
    await server.close({ graceMs: 2 ** 40 });
    await raw.closed;
  });

  describe("with a connection that was accepted and has said nothing", () => {
    /** Gives the connection, and what close() gave, when that has closed all the others. */
    async function closing(options: ListenOptions): Promise<[RawConnection, Promise<void>]> {
      const { server, port } = await start(answerPath, { host: "127.0.0.1", ...options });
      const silent = new RawConnection(port);
      await once(silent.socket, "connect");
      // Accepted behind it.
      const other = connect(port, "127.0.0.1");
      other.on("error", () => {});
      const socket = options.tls === undefined ? other : connectTls({ socket: other, ...trusting });
      socket.write("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
      await once(socket, "data");
      const closed = server.close({ graceMs: 2 ** 40 });
      // An idle connection stays a moment.
      if (vi.isFakeTimers()) vi.advanceTimersByTime(250);
      await once(socket.resume(), "close");
      return [silent, closed];
    }

    it("serves its first request over HTTP/1.1, its last", async () => {
      const [silent, closed] = await closing({});
      silent.send("GET /first HTTP/1.1", "host: h", "", "");
      await silent.closed;
      expect(silent.received).toMatch(/ 200 OK\r\n[^]*connection: close\r\n[^]*\/first$/i);
      await closed;
    });

    it.each<[string, ListenOptions]>([
      ["cleartext", {}],
      ["TLS", { tls: TLS.server }],
    ])("serves its first request over HTTP/2, %s", async (_what, options) => {
      const [silent, closed] = await closing(options);
      const socket =
        options.tls === undefined
          ? silent.socket
          : connectTls({ socket: silent.socket, ...trusting, ALPNProtocols: ["h2"] });
      const session = http2("http://h", { createConnection: () => socket });
      expect(await overHttp2(session, "/first")).toMatch(/\/first/);
      await closed;
    });

    it("waits for that as long as for any other's first bytes", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      cleanups.push(() => vi.useRealTimers());
      const [silent, closed] = await closing({});
      vi.advanceTimersByTime(10_000);
      await closed;
      await silent.closed;
    });
  });

  it("cuts what still runs when the grace is over, as this side's shutdown", async () => {
    const { recorder, server, port } = await start({});
    const raw = new RawConnection(port).send("POST / HTTP/1.1", "host: h", "content-length: 3", "", "");
    const first = await recorder.get(0);
    const call = http2(server.url).request({ ":method": "POST" });
    call.on("error", () => {});
    const second = await recorder.get(1);
    await server.close({ graceMs: 1 });
    for (const { died, delivered } of [first, second]) {
      expect(died).toMatchObject({ by: "local", kind: "shutdown" });
      expect(delivered).toBe(false);
    }
    await raw.closed;
    if (!call.closed) await once(call, "close");
  });

  it("cuts at once with no grace, also when it drains already, and is done once for all", async () => {
    const { recorder, server, port } = await start({});
    const raw = new RawConnection(port).send("POST / HTTP/1.1", "host: h", "content-length: 3", "", "");
    const recorded = await recorder.get(0);
    const draining = server.close({ graceMs: 1_000_000 });
    const cut = server.close({ graceMs: 0 });
    await Promise.all([draining, cut, server.close()]);
    expect(recorded.died).toMatchObject({ kind: "shutdown" });
    await raw.closed;
  });

  it("is what `await using` does", async () => {
    let port = 0;
    {
      await using server = await listen(() => null, { host: "127.0.0.1" });
      port = portOf(server.url);
    }
    const late = connect(port, "127.0.0.1");
    await expect(once(late, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("the upgrade hook", () => {
  const asking = [
    "GET /ws HTTP/1.1",
    "host: h",
    "connection: keep-alive, Upgrade",
    "upgrade: websocket",
    "",
    "",
  ];

  it("takes a connection over, with what was read behind the request", async () => {
    const { recorder, server, port } = await start(echo, {
      host: "127.0.0.1",
      upgrade: (request, socket, head) => {
        if (request.url !== "/ws") return false;
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${head.toString()}`);
        socket.on("data", (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
        return true;
      },
    });
    const raw = new RawConnection(port).send(...asking.slice(0, -1), "early");
    await raw.until(/\r\n\r\nearly$/);
    raw.send("later");
    await raw.until(/LATER$/);
    expect(recorder.all).toEqual([]);
    const closing = server.close({ graceMs: 1_000_000 });
    raw.send("still");
    await raw.until(/STILL$/);
    raw.socket.end();
    await closing;
  });

  it("may decline, and the request is served as if it had not asked", async () => {
    const { recorder, port } = await start(echo, { host: "127.0.0.1", upgrade: () => false });
    const raw = new RawConnection(port).send(
      "POST /a?b HTTP/1.1",
      "host: h",
      "connection: upgrade, http2-settings",
      "upgrade: h2c",
      "http2-settings: AAMAAABkAAQAAP__",
      "x-kept: 1",
      "content-length: 7",
      "",
      "the end",
    );
    await raw.until(/200 OK[^]*the end$/);
    const { head } = (await recorder.get()).exchange;
    expect(head).toMatchObject({ method: "POST", path: "/a", query: "b" });
    expect(head.fields).toEqual(["host", "h", "x-kept", "1", "content-length", "7"]);
    await raw.send("POST /again HTTP/1.1", "host: h", "content-length: 5", "", "again").until(/again$/);
    raw.socket.destroy();
  });

  it("may decline, and what else stands in Connection holds", async () => {
    const { recorder, port } = await start(echo, { host: "127.0.0.1", upgrade: () => false });
    const raw = new RawConnection(port).send(
      "POST / HTTP/1.1",
      "host: h",
      "Connection: Upgrade, x-hop ,close",
      "upgrade: websocket",
      "content-length: 7",
      "",
      "the end",
    );
    await raw.closed;
    expect(raw.received).toMatch(/connection: close[^]*the end$/i);
    const { fields } = (await recorder.get()).exchange.head;
    expect(fields).toEqual(["host", "h", "connection", "x-hop, close", "content-length", "7"]);
  });

  it("is not needed: without it the asking is ignored", async () => {
    const { port } = await start(answerPath);
    const raw = new RawConnection(port).send(...asking);
    await raw.until(/200 OK[^]*\/ws$/);
    raw.socket.destroy();
  });

  describe.each<[string, ListenOptions]>([
    ["declines", { upgrade: () => false }],
    ["is not there", {}],
  ])("%s, and the connection is as any other", (_what, options) => {
    it("for a request that was read with the asking one", async () => {
      const { port } = await start(answerPath, { host: "127.0.0.1", ...options });
      const raw = new RawConnection(port).send(
        ...asking.slice(0, -1),
        "GET /behind HTTP/1.1",
        "host: h",
        "",
        "",
      );
      await raw.until(/200 OK[^]*\/ws[^]*200 OK[^]*\/behind$/);
      raw.socket.destroy();
    });

    it("for a malformed request", async () => {
      const { port } = await start(answerPath, { host: "127.0.0.1", ...options });
      const raw = new RawConnection(port).send(...asking);
      await raw.until(/200 OK[^]*\/ws$/);
      raw.send("garbage", "", "");
      await raw.closed;
      expect(raw.received).toMatch(/\/wsHTTP\/1.1 400 Bad Request\r\n/);
    });
  });
});

describe("bad input", () => {
  it.each<[string, Buffer | string]>([
    ["garbage", "\0\x01\x02garbage\r\n\r\n"],
    ["a broken request line", "GET\r\n\r\n"],
    ["an HTTP/2 preface with garbage behind it", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\xff".repeat(64)],
    ["half a preface and then something else", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
    ["a TLS client's hello", Buffer.from("16030100050100000100", "hex")],
    ["header fields without an end", `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(50_000)}`],
  ])("%s: the connection is closed, and another one notices nothing", async (_what, bytes) => {
    const { server, port } = await start(echo);
    const session = http2(server.url);
    await overHttp2(session, "/");
    const raw = new RawConnection(port);
    raw.socket.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, "latin1"));
    await raw.closed;
    expect(await overHttp2(session, "/")).toBe("h2");
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["half a preface", "PRI * HTTP/2.0\r\n"],
  ])("%s and then silence: the connection is closed when its time is over", async (_what, text) => {
    const failures: string[] = [];
    const { port } = await start(echo, {
      host: "127.0.0.1",
      limits: { handshakeTimeoutMs: 1 },
      onConnectionFailure: ({ text }) => failures.push(text),
    });
    const raw = new RawConnection(port).send(text);
    await raw.closed;
    expect(raw.received).toBe("");
    expect(failures[0]).toMatch(/said nothing/);
  });

  it("a connection that ends before it has said anything is let go", async () => {
    const { server, port } = await start(echo);
    const raw = new RawConnection(port);
    raw.socket.end();
    await raw.closed;
    await server.close({ graceMs: 2 ** 40 });
  });

  it("cleartext on a TLS port: the connection is closed and told of, and another one notices nothing", async () => {
    const failures: string[] = [];
    const { server, port } = await start(echo, {
      host: "127.0.0.1",
      tls: TLS.server,
      onConnectionFailure: ({ text }) => failures.push(text),
    });
    const session = http2(server.url, { ca: TLS.ca });
    await overHttp2(session, "/");
    const raw = new RawConnection(port).send("GET / HTTP/1.1", "host: h", "", "");
    await raw.closed;
    expect(failures[0]).toMatch(/^TLS handshake: /);
    expect(await overHttp2(session, "/")).toBe("h2");
  });

  it("a TLS client on a cleartext port gets an error, not silence", async () => {
    const failures: string[] = [];
    const { port } = await start(echo, {
      host: "127.0.0.1",
      onConnectionFailure: ({ text }) => failures.push(text),
    });
    const client = connectTls({ port, host: "127.0.0.1" });
    await expect(once(client, "secureConnect")).rejects.toBeInstanceOf(Error);
    expect(failures[0]).toMatch(/TLS client/);
  });

  it("a TLS handshake that stops half-way is closed when its time is over", async () => {
    const { port } = await start(echo, {
      host: "127.0.0.1",
      tls: TLS.server,
      limits: { handshakeTimeoutMs: 1 },
    });
    await new RawConnection(port).closed;
  });

  it("too many header fields do not reach the entry over HTTP/2, whether our SETTINGS are known or not", async () => {
    const { recorder, server } = await start(echo, { host: "127.0.0.1", limits: { maxHeaderBytes: 4_096 } });
    const session = http2(server.url);
    const big = { ":method": "POST", big: "x".repeat(20_000) };
    const early = session.request(big).resume();
    const [head] = (await once(early, "response")) as [IncomingHttpHeaders & IncomingHttpStatusHeader];
    expect(head[":status"]).toBe(431);
    const late = session.request(big).resume();
    const [again] = (await once(late, "response")) as [IncomingHttpHeaders & IncomingHttpStatusHeader];
    expect(again[":status"]).toBe(431);
    expect(recorder.all).toEqual([]);
    expect(await overHttp2(session, "/")).toBe("h2");
  });

  it("a port that another program serves is named", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    cleanups.push(() => other.close());
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    expect((await failure({ host: "127.0.0.1", port })).message).toContain(String(port));
  });
});
