// RFC 9113 section 6.8: behind a GOAWAY the open streams go on; section 5.4.1: behind an error of the connection nothing does.
import { once } from "node:events";
import type { Socket } from "node:net";
import { createClient, createTransport, serve } from "@millrace/node";
import { describe, expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { envelope, greeting } from "../support/bytes.ts";
import { data, frame, GOAWAY, goaway, HEADERS, headers, SETTINGS } from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { grpcHead, RawHttp2 } from "../support/raw-http2.ts";
import { rawServer } from "../support/raw-server.ts";
import { CallLog, carriages, served } from "../support/served.ts";
import { collect } from "../support/wires.ts";

expectQuiet();

const overHttp2 = carriages.find(({ name }) => name === "serve() over HTTP/2")!;

const mountedOverHttp2 = carriages.find(({ name }) => name === "a handler in node:http2")!;

/** Each an error of the connection. */
const errors: readonly (readonly [string, Buffer])[] = [
  ["DATA on no stream", data(0, false, Buffer.from("x"))],
  ["SETTINGS of a wrong size", frame(SETTINGS, 0, 0, Buffer.alloc(3))],
  ["a header block that is none", frame(HEADERS, 4, 3, Buffer.alloc(6, 0xff))],
  ["a frame that is too large", Buffer.concat([frame(0, 0, 1, Buffer.alloc(20_000))])],
];

describe("a client that takes leave with a stream open", () => {
  test("has its answer, and then the connection ends", async () => {
    await using server = await served(overHttp2, greeter());
    const client = RawHttp2.open(server.port, grpcHead(1, collect), goaway(0, 0));
    await client.read();
    client.send(data(1, true, envelope(0, greeting("Ada"))));
    expect((await client.answer(1)).trailers?.get("grpc-status")).toBe("0");
    client.raw.socket.end();
    await client.raw.closed;
    expect((await server.calls.ended(1)).map(({ code }) => code)).toEqual(["ok"]);
  });

  test.each(errors)("and then breaks the connection by %s has its call ended", async (_name, broken) => {
    await using server = await served(overHttp2, greeter());
    const client = RawHttp2.open(server.port, grpcHead(1, collect), goaway(0, 0));
    await client.read();
    client.send(broken);
    client.raw.socket.end();
    await client.raw.closed;
    expect((await server.calls.ended(1)).map(({ code }) => code)).toEqual(["canceled"]);
  });
});

describe("a client that takes leave, and opens a stream in the same packet", () => {
  test("has its answer, and is told of no stream that was not served", async () => {
    await using server = await served(overHttp2, greeter());
    const client = RawHttp2.open(server.port, goaway(0, 0), grpcHead(1, collect));
    await client.read();
    client.send(data(1, true, envelope(0, greeting("Ada"))));
    expect((await client.answer(1)).trailers?.get("grpc-status")).toBe("0");
    const leave = await client.until(({ type }) => type === GOAWAY);
    expect(leave?.payload.readUInt32BE(0)).toBe(1);
    await client.raw.closed;
    expect((await server.calls.ended(1)).map(({ code }) => code)).toEqual(["ok"]);
  });

  test.each(errors)("and then breaks the connection by %s has its call ended", async (_name, broken) => {
    await using server = await served(overHttp2, greeter());
    const client = RawHttp2.open(server.port, goaway(0, 0), grpcHead(1, collect));
    await client.read();
    client.send(broken);
    client.raw.socket.end();
    await client.raw.closed;
    expect((await server.calls.ended(1)).map(({ code }) => code)).toEqual(["canceled"]);
  });
});

test("a client of a mounted handler that takes leave, breaks the connection and goes has its call ended", async () => {
  await using server = await served(mountedOverHttp2, greeter());
  const client = RawHttp2.open(server.port, grpcHead(1, collect), goaway(0, 0));
  await client.read();
  client.send(data(0, false, Buffer.from("x")));
  client.raw.socket.end();
  await client.raw.closed;
  expect((await server.calls.ended(1)).map(({ code }) => code)).toEqual(["canceled"]);
});

/** It drains without an end of its patience, and one call is under way. */
async function draining(): Promise<{ calls: CallLog; client: RawHttp2; closed: Promise<void> }> {
  const calls = new CallLog();
  const limits = { probeMs: 1 };
  const app = { ...greeter(), onError: () => {}, observers: [calls.observer] };
  const server = await serve({ ...app, limits, port: 0, host: "127.0.0.1" });
  const client = RawHttp2.open(Number(new URL(server.url).port), grpcHead(1, collect));
  await client.read();
  const closed = server.close({ graceMs: 600_000 });
  await client.until(({ type }) => type === GOAWAY);
  return { calls, client, closed };
}

describe("our server, while it drains", () => {
  test("serves the calls of a client that lives", async () => {
    const { calls, client, closed } = await draining();
    client.send(data(1, true, envelope(0, greeting("Ada"))));
    expect((await client.answer(1)).trailers?.get("grpc-status")).toBe("0");
    client.raw.socket.end();
    await closed;
    expect(calls.ends.map(({ code }) => code)).toEqual(["ok"]);
  });

  test.each(errors)("ends the calls of a client that breaks the connection by %s", async (_name, broken) => {
    const { calls, client, closed } = await draining();
    client.send(broken);
    await client.raw.closed;
    expect((await calls.ended(1)).map(({ code }) => code)).toEqual(["canceled"]);
    await closed;
  });
});

describe("a server that takes leave with a stream open", () => {
  test.each(errors)("and then breaks the connection by %s has the call failed", async (_name, broken) => {
    await using server = await rawServer("2");
    const connection = Promise.withResolvers<Socket>();
    server.act = (socket, stream) => {
      socket.write(headers(stream, false, ":status", "200", "content-type", "application/grpc+proto"));
      connection.resolve(socket);
    };
    await using transport = createTransport({ baseUrl: server.url, httpVersion: "2", protocol: "grpc" });
    const call = createClient(GreetService, transport).watch({});
    await call.headers;
    const socket = await connection.promise;
    socket.write(goaway(1, 0));
    socket.write(broken);
    socket.end();
    await expect(call.receive()).rejects.toMatchObject({ name: "RpcError", isRemote: false });
    if (!socket.destroyed) await once(socket, "close");
  });
});
