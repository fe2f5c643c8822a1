// HTTP/1.1 and HTTP/2 on one port, told apart by the first bytes: nobody gets a request past one by dressing it as the other.
import { serve } from "@millrace/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ACK, data, frame, GOAWAY, headers, preface, SETTINGS, settings } from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { RawHttp2 } from "../support/raw-http2.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { greet } from "../support/wires.ts";

expectQuiet();

let names: string[];
let server: Awaited<ReturnType<typeof serve>>;
let port: number;

beforeEach(async () => {
  names = [];
  const app = greeter({
    greet({ name }) {
      names.push(name);
      return { greeting: name };
    },
  });
  server = await serve({ ...app, host: "127.0.0.1", port: 0 });
  port = Number(new URL(server.url).port);
});
afterEach(() => server.close({ graceMs: 0 }));

function http1(name: string, ...fields: string[]): string {
  const body = JSON.stringify({ name });
  const head = ["content-type: application/json", `content-length: ${body.length}`, ...fields];
  return `POST ${greet} HTTP/1.1\r\nhost: a\r\n${head.join("\r\n")}\r\n\r\n${body}`;
}

function http2(stream: number, name: string): Buffer {
  const fields = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", greet];
  const head = headers(stream, false, ...fields, "content-type", "application/json");
  return Buffer.concat([head, data(stream, true, Buffer.from(JSON.stringify({ name })))]);
}

const hello = Buffer.concat([preface, settings(), frame(SETTINGS, ACK, 0)]);

describe("a connection is what its first bytes say, to its end", () => {
  test("HTTP/2 behind a request of HTTP/1.1 is no request", async () => {
    const raw = RawSocket.to(port).send(http1("one"), hello, http2(1, "two"));
    // node may have read it all before the first is answered.
    expect([200, 400]).toContain((await raw.answer()).status);
    await raw.closed;
    expect(names).not.toContain("two");
  });

  test("HTTP/2 as the body of a request of HTTP/1.1 is a body", async () => {
    const smuggled = Buffer.concat([hello, http2(1, "two")]);
    const head = `POST ${greet} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;
    const raw = RawSocket.to(port).send(`${head}content-length: ${smuggled.length}\r\n\r\n`, smuggled);
    expect((await raw.answer()).status).toBe(400);
    raw.send(http1("next"));
    expect((await raw.answer()).status).toBe(200);
    raw.socket.destroy();
    expect(names).toEqual(["next"]);
  });

  test.each([
    ["its preface", Buffer.alloc(0)],
    ["a request", http2(1, "one")],
  ])("HTTP/1.1 behind HTTP/2, after %s, ends the connection", async (_name, before) => {
    const client = new RawHttp2(port).send(hello, before, Buffer.from(http1("two")));
    expect((await client.until(({ type }) => type === GOAWAY))?.payload.readUInt32BE(4)).toBe(6);
    await client.raw.closed;
    expect(names).not.toContain("two");
  });

  test.each([
    ["a byte at a time", [...preface].map((byte) => Buffer.of(byte))],
    ["in two pieces", [preface.subarray(0, 16), preface.subarray(16)]],
    ["with all that follows", [Buffer.concat([preface, settings()])]],
  ])("the preface, %s, is that of HTTP/2", async (_name, pieces) => {
    const client = new RawHttp2(port);
    for (const piece of pieces) {
      client.send(piece);
      await new Promise(setImmediate);
    }
    client.send(settings(), http2(1, "one"));
    expect((await client.answer(1)).status).toBe(200);
    client.raw.socket.destroy();
  });
});

describe("what only looks like the preface is HTTP/1.1, and as such refused", () => {
  const rest = http1("smuggled");
  test.each([
    ["its head without its body", `PRI * HTTP/2.0\r\n\r\n${rest}`],
    ["another last byte", `${preface.toString("latin1").slice(0, -1)}x${rest}`],
    ["another version", `PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n${rest}`],
    ["HTTP/1.1's version", `PRI * HTTP/1.1\r\nhost: a\r\n\r\nSM\r\n\r\n${rest}`],
    ["fields in it", `PRI * HTTP/2.0\r\nhost: a\r\n\r\nSM\r\n\r\n${rest}`],
    ["a line before it", `\r\n${preface.toString("latin1")}${rest}`],
    ["line feeds alone", `PRI * HTTP/2.0\n\nSM\n\n${rest}`],
    ["small letters", `pri * http/2.0\r\n\r\nsm\r\n\r\n${rest}`],
  ])("%s", async (_name, said) => {
    const raw = RawSocket.to(port).send(said);
    const { status } = await raw.answer();
    expect([400, 404, 405, 501, 505]).toContain(status);
    await raw.closed;
    expect(names).toEqual([]);
  });
});

describe("what asks for HTTP/2 on the way is served as HTTP/1.1 (RFC 9113 section 3.1)", () => {
  test.each(["h2c", "HTTP/2.0", "h2c, websocket"])("upgrade: %s", async (protocol) => {
    const upgrade = [
      "connection: upgrade, http2-settings",
      `upgrade: ${protocol}`,
      "http2-settings: AAMAAABkAAQAAP__",
    ];
    const raw = RawSocket.to(port).send(http1("one", ...upgrade));
    expect((await raw.answer()).status).toBe(200);
    raw.send(http1("two"));
    expect((await raw.answer()).status).toBe(200);
    raw.socket.destroy();
    expect(names).toEqual(["one", "two"]);
  });

  test.each([
    ["two lengths", "content-length: 5"],
    ["a length and chunks", "transfer-encoding: chunked"],
    ["chunks that are hidden", "transfer-encoding: xchunked"],
    ["a folded line", "x: y\r\n transfer-encoding: chunked"],
  ])("a request with %s is refused, and nothing behind it is served", async (_name, field) => {
    const raw = RawSocket.to(port).send(http1("one", field), http1("two"), hello);
    expect((await raw.answer()).status).toBe(400);
    await raw.closed;
    expect(names).toEqual([]);
  });
});
