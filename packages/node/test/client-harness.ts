import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type {
  Caps,
  ClientSink,
  Connector,
  Exchange,
  Fields,
  Head,
  Hints,
  Peer,
  RequestHead,
} from "@millrace/exchange";
import {
  ACK,
  frame,
  type Frame,
  FrameReader,
  preface,
  SETTINGS,
  settings,
} from "../../../test/support/frames.ts";
import { parseBaseUrl } from "../src/client/base-url.ts";
import type { Target } from "../src/client/dial.ts";
import { WatchedSink } from "./watched-sink.ts";

export function targetOf(url: string, connectTimeoutMs = 10_000): Target {
  return { url: parseBaseUrl(url), connectTimeoutMs };
}

/** What a test does from inside an event. */
type Reactions = { readonly [event: string]: (talk: Talk) => void };

/** A client's exchange, and what its sink was told. */
export class Talk extends WatchedSink implements ClientSink {
  peer: Peer | undefined;
  caps: Caps | undefined;
  status: number | undefined;
  fields: Fields = [];
  exchange!: Exchange;
  readonly #on: Reactions;

  private constructor(on: Reactions) {
    super();
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
    const hints: Hints = { deadline: Infinity, attempt: 0 };
    talk.exchange = connector.open(head, body === "streamed" ? undefined : body, hints, talk);
    return talk;
  }

  async closes(): Promise<this> {
    return await this.saw("closed");
  }

  sent(peer: Peer, caps: Caps): void {
    this.peer = peer;
    this.caps = caps;
    this.note("sent");
  }

  inform(status: number, fields: Fields): void {
    this.note(`inform ${status} ${fields.join(" ")}`);
  }

  head(status: number, head: Head): void {
    this.status = status;
    this.fields = head.fields;
    this.note("head");
  }

  protected override react(event: string): void {
    this.#on[event]?.(this);
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

/** An HTTP/2 server that does what a script says, frame by frame; SETTINGS are exchanged for it, `settings` in place of none. */
export async function scriptedHttp2(
  script: (frame: Frame, socket: Socket) => void,
  options: { settings?: Buffer | null; tls?: TlsOptions; opened?: (socket: Socket) => void } = {},
): Promise<SocketServer> {
  return await SocketServer.listen((socket) => {
    const reader = new FrameReader();
    let toSkip = preface.length;
    if (options.settings !== null) socket.write(options.settings ?? settings());
    options.opened?.(socket);
    socket.on("data", (chunk: Buffer) => {
      const skipped = Math.min(toSkip, chunk.length);
      toSkip -= skipped;
      for (const received of reader.read(chunk.subarray(skipped))) {
        if (received.type === SETTINGS && received.flags !== ACK) socket.write(frame(SETTINGS, ACK, 0));
        script(received, socket);
      }
    });
  }, options.tls);
}
