import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { listen } from "../src/server/listen.ts";
import type { Listening, ListenOptions } from "../src/server/listen-options.ts";
import { echo, type Handlers, portOf, RawConnection, type Recorded, Recorder } from "./server-harness.ts";

const open: Listening[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close({ graceMs: 0 })));
});

async function start(
  on: Handlers,
  options: ListenOptions = {},
): Promise<{ recorder: Recorder; port: number; raw: () => RawConnection; server: Listening }> {
  const recorder = new Recorder(on);
  const server = await listen(recorder.accept, { host: "127.0.0.1", ...options });
  open.push(server);
  const port = portOf(server.url);
  return { recorder, port, raw: () => new RawConnection(port), server };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("latin1")) text += chunk;
  return text;
}

const fullReply = /\r\n\r\n[^]*end$/;

describe("heads", () => {
  it("keep the order and the duplicates of fields, names in lower case", async () => {
    const { recorder, raw } = await start(echo);
    raw().send("GET /a/b?c=d?e HTTP/1.1", "Host: h:1", "X-B: 1", "x-a: 2", "X-b: 3", "", "");
    const { exchange } = await recorder.get();
    expect(exchange.head).toMatchObject({
      method: "GET",
      scheme: "http",
      authority: "h:1",
      path: "/a/b",
      query: "c=d?e",
    });
    expect(exchange.head.fields).toEqual(["host", "h:1", "x-b", "1", "x-a", "2", "x-b", "3"]);
    expect(exchange.peer.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(exchange.caps).toMatchObject({ http: "1.1", trailers: true, request: "half", resets: false });
  });

  it("take an absolute target apart (RFC 9112 section 3.2.2)", async () => {
    const { recorder, raw } = await start(echo);
    raw().send("GET http://other:2?x HTTP/1.1", "host: h", "", "");
    expect((await recorder.get()).exchange.head).toMatchObject({
      authority: "other:2",
      path: "/",
      query: "x",
    });
  });

  it("of a response keep the order and the duplicates, and the bytes of their values", async () => {
    const { raw } = await start({
      end: ({ exchange }) => exchange.reply(200, ["b", "1", "a", "\xe9", "b", "2"], null, null),
    });
    const text = await raw()
      .send("GET / HTTP/1.1", "host: h", "", "")
      .until(/\r\n\r\n/);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nb: 1\r\na: \xe9\r\nb: 2\r\n/);
    expect(text).toContain("content-length: 0\r\n");
  });

  it("that node refuses end as 500, and as a fault of ours", async () => {
    const { recorder, raw } = await start({
      end: ({ exchange }) => exchange.reply(200, ["a", "x\r\ny: z"], null, null),
    });
    const client = raw().send("GET / HTTP/1.1", "host: h", "", "");
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 500 /);
    expect(client.received).not.toContain("y: z");
    const { died, delivered } = await (await recorder.get()).saw("closed");
    expect(died).toMatchObject({ by: "local", kind: "protocol" });
    expect(delivered).toBe(false);
  });

  it("may be preceded by interim responses", async () => {
    const { raw } = await start({
      end: ({ exchange }) => {
        exchange.inform(103, ["link", "</a>"]);
        exchange.inform(103, ["bad", "a\r\nb"]);
        exchange.reply(200, [], null, null);
      },
    });
    const text = await raw()
      .send("GET / HTTP/1.1", "host: h", "", "")
      .until(/200 OK/);
    expect(text).toMatch(/^HTTP\/1\.1 103 \r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK/);
  });
});

describe("bodies", () => {
  it("arrive in chunks, with trailers, in both directions", async () => {
    const { recorder, port } = await start({
      end: ({ exchange, text }) => {
        exchange.respond(200, []);
        exchange.write(Buffer.from(`<${text}`));
        exchange.write(Buffer.from(">"));
        exchange.end(["t-b", "1", "t-a", "2", "t-b", "3"]);
      },
    });
    const call = request({ port, method: "POST", headers: { trailer: "x-sum" } });
    call.write("a");
    call.addTrailers({ "X-Sum": "7" });
    call.end("b");
    const [response] = (await once(call, "response")) as [IncomingMessage];
    expect(await textOf(response)).toBe("<ab>");
    expect(response.rawTrailers).toEqual(["t-b", "1", "t-a", "2", "t-b", "3"]);
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.trailers).toEqual(["x-sum", "7"]);
    expect(recorded.delivered).toBe(true);
  });

  it("of a whole reply are announced with their length", async () => {
    const { raw } = await start({
      end: ({ exchange }) => exchange.reply(200, [], Buffer.from("the end"), null),
    });
    const text = await raw().send("GET / HTTP/1.1", "host: h", "", "").until(fullReply);
    expect(text).toContain("content-length: 7\r\n");
    expect(text).not.toContain("Transfer-Encoding");
  });

  it("are left out of the answer to HEAD", async () => {
    const { raw } = await start({
      end: ({ exchange }) => exchange.reply(200, [], Buffer.from("the end"), null),
    });
    const client = raw().send("HEAD / HTTP/1.1", "host: h", "connection: close", "", "");
    await client.closed;
    expect(client.received).toContain("content-length: 7\r\n");
    expect(client.received).not.toContain("the end");
  });

  it("have no trailers and no chunks in HTTP/1.0, and end with the connection", async () => {
    const { recorder, raw } = await start({
      end: ({ exchange }) => {
        exchange.respond(200, []);
        exchange.write(Buffer.from("the "));
        exchange.write(Buffer.from("end"));
        exchange.end(["x", "1"]);
      },
    });
    const client = raw().send("GET / HTTP/1.0", "", "");
    await client.closed;
    expect(client.received).toMatch(/\r\n\r\nthe end$/);
    expect((await recorder.get()).exchange.caps).toMatchObject({ http: "1.0", trailers: false });
  });
});

describe("expect: 100-continue", () => {
  it("is answered when the body is wanted, not before", async () => {
    const { recorder, raw } = await start({ ...echo, accept: ({ exchange }) => exchange.pause() });
    const client = raw().send(
      "POST / HTTP/1.1",
      "host: h",
      "expect: 100-continue",
      "content-length: 3",
      "",
      "",
    );
    const { exchange } = await recorder.get();
    expect(client.received).toBe("");
    exchange.resume();
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    await client.send("end").until(/200 OK[^]*end$/);
  });

  it("is not answered when the request is refused by its head", async () => {
    const { raw } = await start({
      accept: ({ exchange }) => exchange.reply(401, [], Buffer.from("the end"), null),
    });
    const client = raw().send(
      "POST / HTTP/1.1",
      "host: h",
      "expect: 100-continue",
      "content-length: 3",
      "",
      "",
    );
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 401 [^]*the end$/);
  });
});

describe("a reply before the request has ended", () => {
  it("arrives whole, and the connection serves the next request when the rest is short", async () => {
    const { recorder, raw } = await start({
      accept: ({ exchange }) => exchange.reply(200, [], Buffer.from(exchange.head.path), null),
    });
    const client = raw().send("POST /one HTTP/1.1", "host: h", "content-length: 100000", "", "");
    await client.until(/\r\n\r\n\/one$/);
    client.send("x".repeat(100_000)).send("GET /two HTTP/1.1", "host: h", "", "");
    await client.until(/\r\n\r\n\/two$/);
    expect((await (await recorder.get(0)).saw("closed")).log).toEqual(["closed"]);
  });

  it("arrives whole at a client that goes on sending without an end, and then the connection closes", async () => {
    const body = Buffer.alloc(2_000_000, "r");
    const { recorder, raw } = await start({ data: ({ exchange }) => exchange.reply(413, [], body, null) });
    const client = raw().send("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked", "", "");
    const chunk = Buffer.alloc(65_536, "x");
    const pour = (): void => {
      if (client.socket.writable)
        client.socket.write(Buffer.concat([Buffer.from("10000\r\n"), chunk, Buffer.from("\r\n")]), pour);
    };
    pour();
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    expect(client.received.length - client.received.indexOf("\r\n\r\n") - 4).toBe(body.length);
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.delivered).toBe(true);
    expect(recorded.died).toBeUndefined();
  });

  it("says `connection: close` when more is announced than would be thrown away", async () => {
    const { raw } = await start({
      accept: ({ exchange }) => exchange.reply(413, [], Buffer.from("the end"), null),
    });
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 99999999", "", "");
    await client.until(fullReply);
    expect(client.received).toMatch(/\r\nconnection: close\r\n/i);
    await client.closed;
  });

  it.each([
    ["chunked, of which nobody knows how long it is", "transfer-encoding: chunked", "3\r\nabc\r\n"],
    ["not sent yet, because its client waits to be told", "content-length: 3\r\nexpect: 100-continue", ""],
  ])("says `connection: close` when the rest of the request is %s", async (_, fields, body) => {
    const { raw } = await start({
      accept: ({ exchange }) => exchange.reply(413, [], Buffer.from("the end"), null),
    });
    const client = raw().send("POST / HTTP/1.1", "host: h", fields, "", body);
    await client.until(fullReply);
    expect(client.received).toMatch(/\r\nconnection: close\r\n/i);
    await client.closed;
  });

  it.each([
    ["a request of known length", "content-length: 3", "abc"],
    ["a request without a body", "accept: */*", ""],
  ])("keeps the connection behind %s, which is answered on its head", async (_, field, body) => {
    const { raw } = await start({
      accept: ({ exchange }) => exchange.reply(200, [], Buffer.from(exchange.head.path), null),
    });
    const client = raw();
    for (const path of ["/one", "/two", "/three"]) {
      client.send(`POST ${path} HTTP/1.1`, "host: h", field, "", body);
      await client.until(new RegExp(`\r\n\r\n${path}$`));
    }
    expect(client.received).not.toMatch(/connection: close/i);
    client.socket.end();
  });

  it("says `connection: close` in a head that is sent in the middle of a chunked request", async () => {
    const { raw } = await start({
      accept: ({ exchange }) => {
        exchange.respond(200, []);
        exchange.flush();
      },
      end: ({ exchange }) => exchange.end(null),
    });
    const client = raw().send("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked", "", "3", "abc", "");
    await client.until(/\r\n\r\n$/);
    expect(client.received).toMatch(/\r\nconnection: close\r\n/i);
    client.send("0", "", "");
    await client.until(/\r\n0\r\n\r\n$/);
    await client.closed;
  });

  it("is not held open by a client that falls silent in the middle of its request", async () => {
    const { recorder, raw } = await start(
      { accept: ({ exchange }) => exchange.reply(200, [], Buffer.from("the end"), null) },
      { limits: { drainMs: 1 } },
    );
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 10", "", "abc");
    await client.closed;
    expect(client.received).toMatch(fullReply);
    expect((await (await recorder.get()).saw("closed")).delivered).toBe(true);
  });
});

describe("a client that goes away", () => {
  it("in the middle of a chunked body is a truncation, never an end", async () => {
    const { recorder, raw } = await start(echo);
    const client = raw().send("POST / HTTP/1.1", "host: h", "transfer-encoding: chunked", "", "3", "abc", "");
    const recorded = await (await recorder.get()).saw("data");
    client.socket.end();
    await recorded.saw("closed");
    expect(recorded.log).toEqual(["data", "fault", "closed"]);
    expect(recorded.died).toMatchObject({ by: "transport", kind: "truncated", processed: "maybe" });
  });

  it("in the middle of a body of known length is a truncation, never an end", async () => {
    const { recorder, raw } = await start(echo);
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 9", "", "abc");
    const recorded = await (await recorder.get()).saw("data");
    client.socket.end();
    expect((await recorded.saw("closed")).died).toMatchObject({ kind: "truncated" });
  });

  it("by a reset of its connection, in the middle of a body, is a truncation", async () => {
    const { recorder, raw } = await start(echo);
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 9", "", "abc");
    const recorded = await (await recorder.get()).saw("data");
    client.socket.resetAndDestroy();
    expect((await recorded.saw("closed")).died).toMatchObject({ by: "transport", kind: "truncated" });
  });

  it("is noticed while the handler works", async () => {
    const { recorder, raw } = await start({});
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 3", "", "abc");
    const recorded = await (await recorder.get()).saw("end");
    client.socket.destroy();
    await recorded.saw("closed");
    expect(recorded.log).toEqual(["data", "end", "fault", "closed"]);
    expect(recorded.died).toMatchObject({ kind: "lost" });
  });

  it("is noticed while the exchange is paused", async () => {
    const { recorder, raw } = await start({ accept: ({ exchange }) => exchange.pause() });
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 9", "", "abc");
    const recorded = await recorder.get();
    client.socket.destroy();
    await recorded.saw("closed");
    expect(recorded.log).toEqual(["fault", "closed"]);
  });

  it("by a reset is noticed behind more unread bytes than node reads ahead", async () => {
    const { recorder, raw } = await start(
      { accept: ({ exchange }) => exchange.pause() },
      { limits: { probeMs: 1 } },
    );
    const client = raw().send("POST / HTTP/1.1", "host: h", "content-length: 999999999", "", "");
    const recorded = await recorder.get();
    // node reads 64 KiB ahead; this much is more, and has left the client when the callback comes.
    await new Promise((resolve) => client.socket.write(Buffer.alloc(1_000_000), resolve));
    client.socket.resetAndDestroy();
    await recorded.saw("closed");
    expect(recorded.log).toEqual(["fault", "closed"]);
  });

  it("with a malformed chunk is a fault of the protocol", async () => {
    const { recorder, raw } = await start({});
    const client = raw().send(
      "POST / HTTP/1.1",
      "host: h",
      "transfer-encoding: chunked",
      "",
      "3",
      "abc",
      "zz",
      "",
    );
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.died).toMatchObject({ by: "peer", kind: "protocol" });
    expect(recorded.log).not.toContain("end");
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("a reset", () => {
  it("leaves a chunked response without its end", async () => {
    const { recorder, raw } = await start({
      accept: ({ exchange }) => {
        exchange.respond(200, []);
        exchange.write(Buffer.from("abc"));
      },
    });
    const client = raw().send("GET / HTTP/1.1", "host: h", "", "");
    await client.until(/abc/);
    const recorded = await recorder.get();
    recorded.exchange.reset(8);
    await client.closed;
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    await recorded.saw("closed");
    expect(recorded.died).toBeUndefined();
    expect(recorded.delivered).toBe(false);
  });

  it("does not make a whole response of half an HTTP/1.0 one", async () => {
    const { recorder, raw } = await start({
      accept: ({ exchange }) => {
        exchange.respond(200, []);
        exchange.write(Buffer.from("abc"));
      },
    });
    const client = raw().send("GET / HTTP/1.0", "", "");
    await client.until(/abc/);
    const failed = once(client.socket, "error");
    (await recorder.get()).exchange.reset(2);
    const [error] = (await failed) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
  });
});

describe("back-pressure", () => {
  it("holds a writer back when the client does not read, and lets it go on when it does", async () => {
    const { recorder, raw } = await start({ accept: ({ exchange }) => exchange.respond(200, []) });
    const client = raw();
    client.socket.pause();
    client.send("GET / HTTP/1.1", "host: h", "", "");
    const recorded = await recorder.get();
    const chunk = Buffer.alloc(65_536);
    let written = 0;
    while (recorded.exchange.write(chunk)) written += chunk.length;
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect(recorded.log).not.toContain("writable");
    client.socket.resume();
    await recorded.saw("writable");
    recorded.exchange.end(null);
    expect((await recorded.saw("closed")).delivered).toBe(true);
  });
});

describe("pipelined requests", () => {
  it("are served one after the other", async () => {
    const held: Recorded[] = [];
    const { recorder, raw } = await start({ end: (recorded) => held.push(recorded) });
    const total = 250;
    const client = raw().send(pipelined.repeat(total));
    for (let answered = 0; answered < total; answered++) {
      while (held[answered] === undefined) await recorder.get(recorder.all.length);
      expect(recorder.all).toHaveLength(answered + 1);
      held[answered]!.exchange.reply(200, [], Buffer.from(`<${answered}>`), null);
    }
    await client.until(/<249>$/);
    expect(client.received.match(/<\d+>/g)).toEqual(Array.from({ length: total }, (_, i) => `<${i}>`));
  });

  it("are not served behind a response that says `connection: close` (RFC 9112 section 9.6)", async () => {
    const { recorder, raw } = await start({
      accept: ({ exchange }) => exchange.reply(200, [], Buffer.from("the end"), null),
    });
    const chunked = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const client = raw().send(chunked + pipelined);
    await client.closed;
    expect(client.received).toMatch(fullReply);
    expect(recorder.all).toHaveLength(1);
  });

  it("are not served behind one without a host, whose answer is 400 (RFC 9112 section 3.2)", async () => {
    const { recorder, raw } = await start({
      end: ({ exchange }) => exchange.reply(200, [], Buffer.from("served"), null),
    });
    const client = raw().send(`${pipelined}${pipelined.replace("host: h\r\n", "")}${pipelined}`);
    await client.closed;
    expect(client.received).toMatch(/served.*HTTP\/1\.1 400 [^]*connection: close/);
    expect(recorder.all).toHaveLength(1);
  });

  it("are not served behind one with two hosts, whose answer is 400 (RFC 9112 section 3.2)", async () => {
    const { recorder, raw } = await start({
      end: ({ exchange }) => exchange.reply(200, [], Buffer.from("served"), null),
    });
    const client = raw().send(
      `${pipelined}${pipelined.replace("host: h", "Host: h\r\nhost: g")}${pipelined}`,
    );
    await client.closed;
    expect(client.received).toMatch(
      /served.*HTTP\/1\.1 400 [^]*connection: close[^]*there is more than one host field\n$/,
    );
    expect(recorder.all).toHaveLength(1);
  });

  it("that wait when the server closes are left to another, and the one that runs is answered", async () => {
    const { recorder, raw, server } = await start({});
    const client = raw().send(pipelined.repeat(2));
    const first = await recorder.get();
    const closed = server.close({ graceMs: Infinity });
    first.exchange.reply(200, [], Buffer.from("the end"), null);
    await closed;
    await client.closed;
    expect(client.received).toMatch(/connection: close\r\n[^]*the end$/i);
    expect(recorder.all).toHaveLength(1);
  });

  it("are not served behind one that was reset, which ends the connection", async () => {
    const { recorder, raw } = await start({});
    const client = raw().send(pipelined + pipelined);
    const first = await (await recorder.get()).saw("end");
    first.exchange.reset(8);
    await client.closed;
    expect(recorder.all).toHaveLength(1);
  });

  describe("over a connection that is idle when the server closes", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
    afterEach(() => void vi.useRealTimers());

    it("are served if they come within a moment, and are told to be the last", async () => {
      const { raw, server } = await start(echo);
      const client = raw().send(pipelined);
      await client.until(/200 OK[^]*\r\n\r\n/);
      expect(client.received).not.toContain("connection: close");
      client.received = "";
      const closed = server.close({ graceMs: Infinity });
      vi.advanceTimersByTime(249);
      client.send(pipelined);
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n/);
      await closed;
    });

    it("have a quarter of a second, and no longer", async () => {
      const { raw, server } = await start(echo);
      const client = raw().send(pipelined);
      await client.until(/200 OK[^]*\r\n\r\n/);
      const closed = server.close({ graceMs: Infinity });
      vi.advanceTimersByTime(250);
      await Promise.all([client.closed, closed]);
    });
  });

  it("that ask for an upgrade are asked for in their turn", async () => {
    const asked: string[] = [];
    const { recorder, raw } = await start(
      {},
      {
        upgrade: ({ url }) => {
          asked.push(String(url));
          return false;
        },
      },
    );
    const client = raw().send(
      "GET /one HTTP/1.1\r\nhost: h\r\n\r\n",
      "GET /two HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
      "GET /three HTTP/1.1\r\nhost: h\r\n\r\n",
    );
    const first = await recorder.get();
    expect(asked).toEqual([]);
    first.exchange.reply(200, [], Buffer.from("<1>"), null);
    (await recorder.get(1)).exchange.reply(200, [], Buffer.from("<2>"), null);
    expect(asked).toEqual(["/two"]);
    (await recorder.get(2)).exchange.reply(200, [], Buffer.from("<3>"), null);
    await client.until(/<3>$/);
    expect(client.received.match(/<\d>/g)).toEqual(["<1>", "<2>", "<3>"]);
  });

  it("end their connection when so many are sent ahead that they would fill the memory", async () => {
    const failures: string[] = [];
    let parsed = 0;
    const count = (): void => void parsed++;
    subscribe("http.server.request.start", count);
    try {
      const { recorder, raw } = await start({}, { onConnectionFailure: ({ text }) => failures.push(text) });
      const client = raw();
      const sending = setInterval(() => client.send(pipelined.repeat(1000)));
      await client.closed;
      clearInterval(sending);
      expect(failures).toEqual([expect.stringMatching(/more requests were sent ahead/)]);
      expect(recorder.all).toHaveLength(1);
      // What came in one piece with the last that may wait has been taken apart with it.
      expect(parsed).toBeLessThan(3000);
    } finally {
      unsubscribe("http.server.request.start", count);
    }
  });

  const big = "y".repeat(50_000);
  const body = `POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${big.length}\r\n\r\n${big}`;
  const head = `GET / HTTP/1.1\r\nhost: h\r\nx: ${big}\r\n`;
  it.each([
    ["heads", `${head}\r\n`, `${head}\r\n`],
    [
      "heads, of which the last asks for an upgrade",
      `${head}\r\n`,
      `${head}connection: upgrade\r\nupgrade: x\r\n\r\n`,
    ],
    ["bodies", body, body + body],
  ])("end their connection when their %s would fill the memory", async (_what, request, last) => {
    const failures: string[] = [];
    const { recorder, raw } = await start(
      {},
      { onConnectionFailure: ({ text }) => failures.push(text), upgrade: () => false },
    );
    const few = raw().send(`${pipelined}${request.repeat(20)}`);
    await raw().send(`${pipelined}${request.repeat(20)}${last}`).closed;
    expect(failures).toEqual([expect.stringMatching(/more requests were sent ahead/)]);
    expect(few.socket.destroyed).toBe(false);
    expect(recorder.all).toHaveLength(2);
  });
});

const pipelined = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello";
