// Requests by hand, whatever the version of HTTP.
import type { Answer } from "./answer.ts";
import { DATA, reset } from "./frames.ts";
import { RawHttp2 } from "./raw-http2.ts";
import { RawSocket } from "./raw-socket.ts";

/** A request, written by hand. */
export interface Ask {
  readonly method?: string | undefined;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body?: Uint8Array | undefined;
}

/** A request under way, and what has come of its response. */
export interface Asking {
  /** Sends a piece of the body. */
  send(bytes: Uint8Array): this;
  /** Ends the body. */
  end(): this;
  /** Bytes that have come of the response, its head included. */
  heard(): number;
  /** Resolves when so many bytes of the response's body have come. */
  has(bytes: number): Promise<void>;
  /** The whole response. */
  answer(): Promise<Answer>;
  /** Takes the request back: a reset, or the end of the connection. */
  leave(): void;
}

/** Asks on one connection, or on a new one if the server has closed that. */
export interface Asker {
  ask(request: Ask): Promise<Answer>;
  /** Begins a request whose body comes in pieces; over HTTP/1.1 on a connection of its own. */
  begin(head: Omit<Ask, "body">): Asking;
  /** Closes all connections. */
  leave(): void;
}

export function askerOf(http: "1.1" | "2", port: number): Asker {
  return http === "2" ? new Http2Asker(port) : new Http1Asker(port);
}

class Http1Asker implements Asker {
  readonly #port: number;
  #socket: RawSocket | undefined;
  readonly #begun: RawSocket[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async ask({ body, ...head }: Ask): Promise<Answer> {
    if (this.#socket === undefined || this.#socket.ended) this.#socket = RawSocket.to(this.#port);
    const length = body === undefined ? [] : [`content-length: ${body.length}`];
    this.#socket.send(http1Head(head, ...length), body ?? "");
    const answer = await this.#socket.answer();
    if (answer.headers.get("connection") === "close") {
      this.#socket.socket.destroy();
      this.#socket = undefined;
    }
    return answer;
  }

  begin(head: Omit<Ask, "body">): Asking {
    const raw = RawSocket.to(this.#port);
    this.#begun.push(raw);
    raw.send(http1Head(head, "transfer-encoding: chunked"));
    return {
      send(bytes) {
        raw.send(`${bytes.length.toString(16)}\r\n`, bytes, "\r\n");
        return this;
      },
      end() {
        raw.send("0\r\n\r\n");
        return this;
      },
      heard: () => raw.held.length,
      has: async (bytes) => {
        const come = await raw.until((held) => (bodyIn(held) >= bytes ? true : undefined));
        if (come === undefined) throw new Error(`closed before ${bytes} bytes had come`);
      },
      answer: () => raw.answer(),
      leave: () => void raw.socket.destroy(),
    };
  }

  leave(): void {
    for (const raw of this.#begun) raw.socket.destroy();
    this.#socket?.socket.destroy();
  }
}

function http1Head({ method = "POST", path, headers }: Omit<Ask, "body">, ...more: string[]): string {
  const lines = [`${method} ${path} HTTP/1.1`, "host: localhost"];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${[...lines, ...more].join("\r\n")}\r\n\r\n`;
}

/** Bytes of the chunks behind a head, those that are not whole too. */
function bodyIn(held: Buffer): number {
  let at = held.indexOf("\r\n\r\n") + 4;
  if (at < 4) return 0;
  for (let found = 0; ;) {
    const lineEnd = held.indexOf("\r\n", at);
    if (lineEnd < 0) return found;
    const size = Number.parseInt(held.toString("latin1", at, lineEnd), 16);
    found += Math.min(size, held.length - lineEnd - 2);
    at = lineEnd + 2 + size + 2;
  }
}

class Http2Asker implements Asker {
  readonly #port: number;
  #client: RawHttp2 | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async ask({ body, ...head }: Ask): Promise<Answer> {
    const client = this.#connection();
    const stream = client.request(body === undefined, ...http2Head(head));
    if (body !== undefined) await client.body(stream, true, body);
    return client.answer(stream);
  }

  begin(head: Omit<Ask, "body">): Asking {
    const client = this.#connection();
    const stream = client.request(false, ...http2Head(head));
    let sending = Promise.resolve();
    return {
      send(bytes) {
        sending = sending.then(() => client.body(stream, false, bytes));
        return this;
      },
      end() {
        sending = sending.then(() => client.body(stream, true, Buffer.alloc(0)));
        return this;
      },
      heard: () =>
        client.frames
          .filter((one) => one.stream === stream)
          .reduce((sum, { payload }) => sum + payload.length, 0),
      has: async (bytes) => {
        let come = 0;
        const seen = new Set();
        const enough = await client.until((one) => {
          if (one.stream === stream && one.type === DATA && !seen.has(one)) come += one.payload.length;
          seen.add(one);
          return come >= bytes;
        });
        if (enough === undefined) throw new Error(`closed before ${bytes} bytes had come`);
      },
      answer: () => client.answer(stream),
      leave: () => void client.send(reset(stream, 8)),
    };
  }

  leave(): void {
    this.#client?.raw.socket.destroy();
  }

  #connection(): RawHttp2 {
    if (this.#client === undefined || this.#client.raw.ended) this.#client = RawHttp2.willing(this.#port);
    return this.#client;
  }
}

function http2Head({ method = "POST", path, headers }: Omit<Ask, "body">): string[] {
  return [":method", method, ":scheme", "http", ":authority", "localhost", ":path", path, ...headers];
}
