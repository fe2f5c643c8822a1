import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type {
  Caps,
  ClientSink,
  Connector,
  Exchange,
  Fault,
  Fields,
  Head,
  Hints,
  Peer,
  RequestHead,
} from "@millrace/exchange";
import { parseBaseUrl } from "../src/client/base-url.ts";
import type { Target } from "../src/client/dial.ts";

/** One of the certificates made for the tests. */
export function pem(name: "ca" | "server" | "server-key" | "client" | "client-key"): string {
  return readFileSync(new URL(`tls/${name}.pem`, import.meta.url), "utf8");
}

export function targetOf(url: string, connectTimeoutMs = 10_000): Target {
  return { url: parseBaseUrl(url), connectTimeoutMs };
}

/** What a test does from inside an event. */
type Reactions = { readonly [event: string]: (talk: Talk) => void };

/** A client's exchange, and what its sink was told. */
export class Talk implements ClientSink {
  readonly log: string[] = [];
  peer: Peer | undefined;
  caps: Caps | undefined;
  status: number | undefined;
  fields: Fields = [];
  text = "";
  bytes = 0;
  trailers: Fields | null | undefined;
  died: Fault | undefined;
  delivered: boolean | undefined;
  exchange!: Exchange;
  readonly #on: Reactions;
  readonly #waiting = new Set<{ readonly met: () => boolean; readonly resolve: () => void }>();

  private constructor(on: Reactions) {
    this.#on = on;
  }

  static open(
    connector: Connector,
    options: {
      head?: Partial<RequestHead>;
      body?: Uint8Array | null | "streamed";
      on?: Reactions;
    } = {},
  ): Talk {
    const talk = new Talk(options.on ?? {});
    const head: RequestHead = {
      method: "POST",
      scheme: "http",
      authority: "localhost",
      path: "/p.S/M",
      query: "",
      fields: [],
      memo: undefined,
      ...options.head,
    };
    const { body = null } = options;
    const hints: Hints = { deadline: Infinity, waitForReady: false, attempt: 0 };
    talk.exchange = connector.open(head, body === "streamed" ? undefined : body, hints, talk);
    return talk;
  }

  async saw(event: string, times = 1): Promise<this> {
    return await this.until(() => this.log.filter((name) => name === event).length >= times);
  }

  async closes(): Promise<this> {
    return await this.saw("closed");
  }

  async until(met: () => boolean): Promise<this> {
    if (!met()) await new Promise<void>((resolve) => this.#waiting.add({ met, resolve }));
    return this;
  }

  sent(peer: Peer, caps: Caps): void {
    this.peer = peer;
    this.caps = caps;
    this.#note("sent");
  }

  inform(status: number, fields: Fields): void {
    this.#note(`inform ${status} ${fields.join(" ")}`);
  }

  head(status: number, head: Head): void {
    this.status = status;
    this.fields = head.fields;
    this.#note("head");
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    if (this.bytes < 100_000) this.text += Buffer.from(chunk.subarray(start, end)).toString("latin1");
    this.#note("data");
  }

  end(trailers: Fields | null): void {
    this.trailers = trailers;
    this.#note("end");
  }

  fault(fault: Fault): void {
    this.died = fault;
    this.#note("fault");
  }

  writable(): void {
    this.#note("writable");
  }

  closed(delivered: boolean): void {
    this.delivered = delivered;
    this.#note("closed");
  }

  #note(event: string): void {
    this.log.push(event);
    this.#on[event]?.(this);
    for (const wait of this.#waiting) {
      if (!wait.met()) continue;
      this.#waiting.delete(wait);
      wait.resolve();
    }
  }
}

/** A server of sockets, which a test closes when it is over. */
export class SocketServer implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  /** The first connection. */
  readonly first: Promise<Socket>;
  readonly #server: Server;

  private constructor(server: Server, first: Promise<Socket>) {
    this.#server = server;
    this.first = first;
  }

  static async listen(serve: (socket: Socket) => void, tls?: TlsOptions): Promise<SocketServer> {
    const first = Promise.withResolvers<Socket>();
    const take = (socket: Socket): void => {
      socket.on("error", () => {});
      listening.sockets.push(socket);
      first.resolve(socket);
      serve(socket);
    };
    const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
    server.on("tlsClientError", () => {});
    const listening = new SocketServer(server, first.promise);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return listening;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A frame as it was received (RFC 9113 section 4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([id >> 8, id & 0xff]), u32(value)]);
}

/** RFC 7541: `:status: 200`, and literal fields without indexing. */
export function headerBlock(status: 200 | null, ...fields: string[]): Buffer {
  const parts: Buffer[] = status === null ? [] : [Buffer.from([0x88])];
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [Buffer.from(fields[i] as string), Buffer.from(fields[i + 1] as string)];
    parts.push(Buffer.from([0x00, name.length]), name, Buffer.from([value.length]), value);
  }
  return Buffer.concat(parts);
}

/** An HTTP/2 server that does what a script says, frame by frame; SETTINGS are exchanged for it. */
export async function scriptedHttp2(
  script: (frame: Frame, socket: Socket) => void,
  options: { settings?: Buffer | null; tls?: TlsOptions; opened?: (socket: Socket) => void } = {},
): Promise<SocketServer> {
  return await SocketServer.listen((socket) => {
    let received = Buffer.alloc(0);
    let preface = false;
    if (options.settings !== null) socket.write(frame(FrameType.SETTINGS, 0, 0, options.settings));
    options.opened?.(socket);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!preface) {
        if (received.length < 24) return;
        received = received.subarray(24);
        preface = true;
      }
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const length = received.readUIntBE(0, 3);
        const [type = 0, flags = 0] = [received[3], received[4]];
        const payload = Buffer.from(received.subarray(9, 9 + length));
        const stream = received.readUInt32BE(5) & 0x7fffffff;
        received = received.subarray(9 + length);
        if (type === FrameType.SETTINGS && flags !== ACK) socket.write(frame(FrameType.SETTINGS, ACK, 0));
        script({ type, flags, stream, payload }, socket);
      }
    });
  }, options.tls);
}
