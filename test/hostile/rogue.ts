// Servers that answer with whatever bytes they are told to.
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { createClient, createTransport } from "@millrace/node";
import type { RpcError, TransportOptions } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { ACK, data, END_STREAM, frame, FrameReader, headers, preface, SETTINGS } from "./frames.ts";

/** A response, whatever the version of HTTP. */
export interface Reply {
  readonly status?: number;
  readonly headers: readonly string[];
  readonly body?: Uint8Array | undefined;
  /** HTTP/2 only. */
  readonly trailers?: readonly string[] | undefined;
}

/** What a rogue does when a request is whole: answers, or does what it likes with the connection. */
export type Act = Reply | ((socket: Socket, stream: number) => void);

/** A server under the test's command. */
export interface Rogue extends AsyncDisposable {
  readonly http: "1.1" | "2";
  readonly url: string;
  /** What it does with the next requests. */
  act: Act;
  /** Connections that came, requests that were whole. */
  readonly connections: number;
  readonly requests: number;
  /** The text of the last HTTP/1.1 request. */
  readonly last: string;
}

abstract class RawServer implements Rogue {
  abstract readonly http: "1.1" | "2";
  act: Act = { headers: [] };
  connections = 0;
  requests = 0;
  last = "";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      this.serve(socket);
    });
  }

  abstract serve(socket: Socket): void;

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  protected answer(socket: Socket, stream: number, encode: (reply: Reply) => Uint8Array): void {
    this.requests++;
    if (typeof this.act === "function") this.act(socket, stream);
    else socket.write(encode(this.act));
  }
}

class Rogue1 extends RawServer {
  readonly http = "1.1";

  serve(socket: Socket): void {
    let held = "";
    socket.on("data", (chunk: Buffer) => {
      held += chunk.toString("latin1");
      for (;;) {
        const end = held.indexOf("\r\n\r\n");
        if (end < 0) return;
        const length = /\r\ncontent-length: (\d+)/i.exec(held.slice(0, end))?.[1];
        const whole = /\r\ntransfer-encoding: chunked/i.test(held.slice(0, end))
          ? held.indexOf("0\r\n\r\n", end) + 5
          : end + 4 + Number(length ?? 0);
        if (whole < end + 4 || held.length < whole) return;
        this.last = held.slice(0, whole);
        held = held.slice(whole);
        this.answer(socket, 0, http1Bytes);
      }
    });
  }
}

/** A response on the wire of HTTP/1.1. */
export function http1Bytes({ status = 200, headers: fields, body }: Reply): Buffer {
  const lines = [`HTTP/1.1 ${status} Whatever`];
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  if (status >= 200 && status !== 204 && status !== 304) lines.push(`content-length: ${body?.length ?? 0}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? Buffer.alloc(0)]);
}

class Rogue2 extends RawServer {
  readonly http = "2";

  serve(socket: Socket): void {
    const reader = new FrameReader();
    let toSkip = preface.length;
    socket.write(frame(SETTINGS, 0, 0));
    socket.on("data", (chunk: Buffer) => {
      const skipped = Math.min(toSkip, chunk.length);
      toSkip -= skipped;
      for (const one of reader.read(chunk.subarray(skipped))) {
        if (one.type === SETTINGS && one.flags === 0) socket.write(frame(SETTINGS, ACK, 0));
        else if (one.type <= 1 && (one.flags & END_STREAM) !== 0)
          this.answer(socket, one.stream, (reply) => http2Bytes(reply, one.stream));
      }
    });
  }
}

/** A response on the wire of HTTP/2. */
export function http2Bytes({ status = 200, headers: fields, body, trailers }: Reply, stream: number): Buffer {
  const alone = body === undefined && trailers === undefined;
  const parts = [headers(stream, alone, ":status", String(status), ...fields)];
  for (let at = 0; body !== undefined && (at === 0 || at < body.length); at += 16_000) {
    const last = at + 16_000 >= body.length && trailers === undefined;
    parts.push(data(stream, last, body.subarray(at, at + 16_000)));
  }
  if (trailers !== undefined) parts.push(headers(stream, true, ...trailers));
  return Buffer.concat(parts);
}

export function rogue(http: "1.1" | "2"): Promise<Rogue> {
  return (http === "2" ? new Rogue2() : new Rogue1()).listen();
}

/** Our client, to be attacked by it. */
export function victimOf(server: Rogue, options: Partial<TransportOptions> = {}): GreetServiceClient {
  return createClient(
    GreetService,
    createTransport({ baseUrl: server.url, httpVersion: server.http, ...options }),
  );
}

/** How a call ended, for tables. */
export interface Ended {
  readonly code: string;
  readonly message: string;
  readonly error: RpcError | undefined;
  /** The texts that came. */
  readonly got: readonly string[];
}

export async function greetOnce(client: GreetServiceClient): Promise<Ended> {
  try {
    const reply = await client.greet({ name: "Ada" });
    return { code: "ok", message: "", error: undefined, got: [reply.greeting] };
  } catch (error) {
    return failed(error, []);
  }
}

export async function watchAll(client: GreetServiceClient): Promise<Ended> {
  const got: string[] = [];
  try {
    for await (const reply of client.watch({})) got.push(reply.greeting);
    return { code: "ok", message: "", error: undefined, got };
  } catch (error) {
    return failed(error, got);
  }
}

function failed(thrown: unknown, got: readonly string[]): Ended {
  const error = thrown as RpcError;
  // Whatever is thrown that is no RpcError has no code, and fails the test.
  return { code: error.code, message: error.message, error, got };
}
