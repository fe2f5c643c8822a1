// Servers that answer with whatever bytes they are told to, and keep what they were asked.
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import {
  ACK,
  DATA,
  END_STREAM,
  frame,
  FrameReader,
  HEADERS,
  preface,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from "./frames.ts";
import type { Frame } from "./frames.ts";
import { valueOf } from "./fields.ts";
import { RawSocket } from "./raw-socket.ts";
import { http1Bytes, http2Bytes } from "./reply.ts";
import type { Act, Reply } from "./reply.ts";
import { Watchable } from "./watchable.ts";

/** A request as it came. */
export class Heard extends Watchable {
  readonly socket: Socket;
  /** 0 over HTTP/1.1. */
  readonly stream: number;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Name and value by turns; without HTTP/2's pseudo-fields. */
  readonly fields: readonly string[];
  body: Buffer = Buffer.alloc(0);
  /** Null: there were none. */
  trailers: readonly string[] | null = null;
  /** `gone`: reset, or its connection was closed; then `code` is the reset's, or -1. */
  state: "open" | "whole" | "gone" = "open";
  code = -1;

  constructor(socket: Socket, stream: number, method: string, target: string, fields: readonly string[]) {
    super();
    this.socket = socket;
    this.stream = stream;
    this.method = method;
    this.target = target;
    this.fields = fields;
  }

  /** The first value of a field. */
  field(name: string): string | undefined {
    return valueOf(this.fields, name);
  }

  /** Resolves when so much of the body has come. */
  async has(bytes: number): Promise<Buffer> {
    return this.until(() => (this.body.length >= bytes ? this.body : undefined));
  }

  /** Resolves when the client has taken the request back: the code of its reset, -1 for the end of its connection. */
  async gone(): Promise<number> {
    return this.until(() => (this.state === "gone" ? this.code : undefined));
  }

  came(piece: Buffer): void {
    this.body = Buffer.concat([this.body, piece]);
    this.changed();
  }

  ended(trailers: readonly string[] | null): void {
    this.trailers = trailers;
    this.state = "whole";
    this.changed();
  }

  lost(code: number): void {
    if (this.state === "gone") return;
    this.state = "gone";
    this.code = code;
    this.changed();
  }
}

/** A server under the test's command. */
export interface RawServer extends AsyncDisposable {
  readonly http: "1.1" | "2";
  readonly url: string;
  /** What it does with the next requests, when they are whole, or when their heads have come. */
  act: Act;
  actOn: "request" | "head";
  /** Connections that came. */
  readonly connections: number;
  /** Requests whose head came. */
  readonly heard: readonly Heard[];
  /** Requests that were whole. */
  readonly requests: number;
  /** Resolves with the request of this number, from 0, when its head has come. */
  request(number: number): Promise<Heard>;
}

abstract class ScriptedServer implements RawServer {
  abstract readonly http: "1.1" | "2";
  act: Act = { headers: [] };
  actOn: "request" | "head" = "request";
  connections = 0;
  readonly heard: Heard[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watch = new Watchable();

  constructor() {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const one of this.heard) if (one.socket === socket) one.lost(-1);
      });
      this.serve(socket);
    });
  }

  protected abstract serve(socket: Socket): void;
  protected abstract send(reply: Reply, heard: Heard): void;

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get requests(): number {
    return this.heard.filter(({ state }) => state === "whole").length;
  }

  async request(number: number): Promise<Heard> {
    return this.#watch.until(() => this.heard[number]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  protected opened(heard: Heard): Heard {
    this.heard.push(heard);
    this.#watch.changed();
    if (this.actOn === "head") this.#answer(heard);
    return heard;
  }

  protected whole(heard: Heard, trailers: readonly string[] | null): void {
    heard.ended(trailers);
    if (this.actOn === "request") this.#answer(heard);
  }

  #answer(heard: Heard): void {
    if (typeof this.act === "function") this.act(heard.socket, heard.stream);
    else this.send(this.act, heard);
  }
}

class Http1Server extends ScriptedServer {
  readonly http = "1.1";

  protected serve(socket: Socket): void {
    void this.#listen(socket, new RawSocket(socket));
  }

  protected send(reply: Reply, { socket }: Heard): void {
    socket.write(http1Bytes(reply));
  }

  async #listen(socket: Socket, raw: RawSocket): Promise<void> {
    for (let head = await raw.head(); head !== undefined; head = await raw.head()) {
      const [method = "", target = ""] = head.line.split(" ");
      const heard = this.opened(new Heard(socket, 0, method, target, head.fields));
      const body = raw.body(head, "empty");
      try {
        let next = await body.next();
        for (; next.done !== true; next = await body.next()) heard.came(next.value);
        this.whole(heard, next.value);
      } catch {
        heard.lost(-1);
      }
    }
  }
}

/** Frames on their way to one connection. DATA waits for the windows; what stands behind it waits with it. */
class Windows {
  readonly #socket: Socket;
  /** By stream; 0 is the connection's. */
  readonly #left = new Map<number, number>();
  readonly #waiting = new Map<number, Buffer>();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(stream: number, frames: Buffer): void {
    let at = 0;
    while (at < frames.length) {
      const bytes = frames[at + 3] === DATA ? frames.readUIntBE(at, 3) : 0;
      if (bytes > Math.min(this.#of(0), this.#of(stream))) break;
      for (const window of [0, stream]) this.#left.set(window, this.#of(window) - bytes);
      at += 9 + frames.readUIntBE(at, 3);
    }
    if (at > 0) this.#socket.write(frames.subarray(0, at));
    this.#waiting.delete(stream);
    if (at < frames.length) this.#waiting.set(stream, frames.subarray(at));
  }

  widen(stream: number, bytes: number): void {
    this.#left.set(stream, this.#of(stream) + bytes);
    for (const [waiting, frames] of [...this.#waiting]) this.send(waiting, frames);
  }

  #of(stream: number): number {
    return this.#left.get(stream) ?? 65_535;
  }
}

class Http2Server extends ScriptedServer {
  readonly http = "2";
  readonly #windows = new Map<Socket, Windows>();

  protected serve(socket: Socket): void {
    const reader = new FrameReader();
    const streams = new Map<number, Heard>();
    let toSkip = preface.length;
    this.#windows.set(socket, new Windows(socket));
    socket.write(frame(SETTINGS, 0, 0));
    socket.on("data", (chunk: Buffer) => {
      const skipped = Math.min(toSkip, chunk.length);
      toSkip -= skipped;
      for (const one of reader.read(chunk.subarray(skipped))) this.#hear(socket, streams, one);
    });
  }

  protected send(reply: Reply, { socket, stream }: Heard): void {
    this.#windows.get(socket)?.send(stream, http2Bytes(reply, stream));
  }

  #hear(socket: Socket, streams: Map<number, Heard>, one: Frame): void {
    const heard = streams.get(one.stream);
    const last = (one.flags & END_STREAM) !== 0;
    if (one.type === SETTINGS && one.flags === 0) socket.write(frame(SETTINGS, ACK, 0));
    else if (one.type === WINDOW_UPDATE)
      this.#windows.get(socket)?.widen(one.stream, one.payload.readUInt32BE(0));
    else if (one.type === RST_STREAM) heard?.lost(one.payload.readUInt32BE(0));
    else if (one.type === HEADERS && heard === undefined) {
      const fields = one.fields ?? [];
      const at = (name: string): string => valueOf(fields, name) ?? "";
      const own = fields.filter((_, i) => !(fields[i - (i % 2)] as string).startsWith(":"));
      const opened = new Heard(socket, one.stream, at(":method"), at(":path"), own);
      streams.set(one.stream, opened);
      this.opened(opened);
      if (last) this.whole(opened, null);
    } else if (one.type === HEADERS && heard !== undefined) this.whole(heard, one.fields ?? []);
    else if (one.type === DATA && heard !== undefined) {
      heard.came(one.payload);
      if (last) this.whole(heard, null);
    }
  }
}

export function rawServer(http: "1.1" | "2"): Promise<RawServer> {
  return (http === "2" ? new Http2Server() : new Http1Server()).listen();
}
