// Servers to attack, over every carriage, and the attacker's way to each.
import { createServer } from "node:http";
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type ClientHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { createNodeHandler, serve } from "@millrace/node";
import type { App, CallEnd, Observer } from "@millrace/node";
import type { Answer } from "./bytes.ts";
import { RawSocket } from "./socket.ts";

/** How many calls began and how each ended. */
export class CallLog {
  begun = 0;
  readonly ends: CallEnd[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  readonly observer: Observer = () => {
    this.begun++;
    return {
      end: (end) => {
        this.ends.push(end);
        for (const { count, resolve } of this.#waiting) if (this.ends.length >= count) resolve();
      },
    };
  };

  /** Resolves when `count` calls have ended. */
  async ended(count: number): Promise<readonly CallEnd[]> {
    if (this.ends.length < count)
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.ends;
  }
}

/** A request, written by hand. */
export interface Ask {
  readonly method?: string | undefined;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body?: Uint8Array | undefined;
}

/** A server under attack. */
export interface Victim extends AsyncDisposable {
  readonly http: "1.1" | "2";
  readonly port: number;
  readonly calls: CallLog;
  /** Asks on the one connection that it keeps, or on a new one if the server has closed that. */
  ask(request: Ask): Promise<Answer>;
}

interface Carriage {
  readonly name: string;
  readonly http: "1.1" | "2";
  stand(app: App): Promise<{ readonly port: number; close(): Promise<void> }>;
}

async function served(app: App): Promise<{ port: number; close(): Promise<void> }> {
  const server = await serve({ ...app, port: 0, host: "127.0.0.1" });
  // Longer than a test may take: what hangs fails it.
  return { port: Number(new URL(server.url).port), close: () => server.close({ graceMs: 600_000 }) };
}

async function mounted(
  server: ReturnType<typeof createServer | typeof createHttp2Server>,
): Promise<{ port: number; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export const carriages: readonly Carriage[] = [
  { name: "serve() over HTTP/1.1", http: "1.1", stand: served },
  { name: "serve() over HTTP/2", http: "2", stand: served },
  {
    name: "a handler in node:http",
    http: "1.1",
    stand: (app) => mounted(createServer(createNodeHandler(app))),
  },
  {
    name: "a handler in node:http2",
    http: "2",
    stand: (app) => mounted(createHttp2Server(createNodeHandler(app))),
  },
];

/** Serves an App over a carriage, to be attacked. */
export async function victim(carriage: Carriage, app: App): Promise<Victim> {
  const calls = new CallLog();
  const { port, close } = await carriage.stand({
    onError: () => {},
    ...app,
    observers: [...(app.observers ?? []), calls.observer],
  });
  const attacker = carriage.http === "2" ? new Http2Attacker(port) : new Http1Attacker(port);
  return {
    http: carriage.http,
    port,
    calls,
    ask: (request) => attacker.ask(request),
    async [Symbol.asyncDispose]() {
      attacker.leave();
      await close();
    },
  };
}

class Http1Attacker {
  readonly #port: number;
  #socket: RawSocket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async ask({ method = "POST", path, headers, body }: Ask): Promise<Answer> {
    if (this.#socket === undefined || this.#socket.ended) this.#socket = RawSocket.to(this.#port);
    const lines = [`${method} ${path} HTTP/1.1`, "host: victim"];
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
    if (body !== undefined) lines.push(`content-length: ${body.length}`);
    this.#socket.send(`${lines.join("\r\n")}\r\n\r\n`, body ?? "");
    const answer = await this.#socket.answer();
    if (answer.headers.get("connection") === "close") this.leave();
    return answer;
  }

  leave(): void {
    this.#socket?.socket.destroy();
    this.#socket = undefined;
  }
}

class Http2Attacker {
  readonly #port: number;
  #session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  ask({ method = "POST", path, headers, body }: Ask): Promise<Answer> {
    this.#session ??= connectHttp2(`http://127.0.0.1:${this.#port}`).on("error", () => {});
    const stream = this.#session.request(
      [":method", method, ":scheme", "http", ":authority", "victim", ":path", path, ...headers] as never,
      { endStream: body === undefined },
    );
    return new Promise((resolve, reject) => {
      let status = 0;
      let head = new Map<string, string>();
      let trailers: Map<string, string> | null = null;
      const parts: Buffer[] = [];
      stream.on("response", (fields, _flags, raw) => {
        status = Number(fields[":status"]);
        head = mapOf(raw);
      });
      stream.on("trailers", (_fields, _flags, raw) => {
        trailers = mapOf(raw ?? []);
      });
      stream.on("data", (chunk: Buffer) => parts.push(chunk));
      stream.on("error", reject);
      stream.on("close", () => {
        if (stream.rstCode !== 0) reject(new Error(`reset with ${stream.rstCode}`));
        else resolve({ status, headers: head, body: Buffer.concat(parts), trailers });
      });
      if (body !== undefined) stream.end(body);
    });
  }

  leave(): void {
    this.#session?.destroy();
  }
}

function mapOf(raw: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i] as string, raw[i + 1] as string];
    map.set(name, map.has(name) ? `${map.get(name)}, ${value}` : value);
  }
  return map;
}
