import { connect, type Socket } from "node:net";
import type { Answer } from "./bytes.ts";

/** A socket that keeps what it hears. */
export class RawSocket {
  readonly socket: Socket;
  /** Not read yet. */
  held: Buffer = Buffer.alloc(0);
  /** Resolves when both directions are gone. */
  readonly closed: Promise<void>;
  #state: "open" | "ended" = "open";
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.held = Buffer.concat([this.held, chunk]);
      this.#wake();
    });
    socket.on("end", () => this.#end());
    this.closed = new Promise((resolve) =>
      socket.on("close", () => {
        this.#end();
        resolve();
      }),
    );
  }

  static to(port: number): RawSocket {
    return new RawSocket(connect(port, "127.0.0.1"));
  }

  send(...parts: (string | Uint8Array)[]): this {
    this.socket.write(
      Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
    );
    return this;
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Resolves when `found` gives something, or with undefined when the peer has closed. */
  async until<T>(found: (held: Buffer) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const result = found(this.held);
      if (result !== undefined || this.ended) return result;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Takes one whole HTTP/1 response; throws if the peer closes inside it. Interim ones are passed over. */
  async answer(): Promise<Answer> {
    for (;;) {
      const headEnd = await this.until((held) => {
        const at = held.indexOf("\r\n\r\n");
        return at < 0 ? undefined : at;
      });
      if (headEnd === undefined) throw new Error(`closed before a response: ${this.held.toString("latin1")}`);
      const [first = "", ...lines] = this.held.subarray(0, headEnd).toString("latin1").split("\r\n");
      const status = Number(first.split(" ")[1]);
      this.held = this.held.subarray(headEnd + 4);
      if (status < 200) continue;
      const headers = new Map<string, string>();
      for (const line of lines) {
        const colon = line.indexOf(":");
        const name = line.slice(0, colon).toLowerCase();
        const value = line.slice(colon + 1).trim();
        headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
      }
      return { status, headers, body: await this.#body(headers), trailers: null };
    }
  }

  async #body(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    if (headers.get("transfer-encoding") === "chunked") return this.#chunks();
    const length = headers.get("content-length");
    if (length !== undefined) return this.#take(Number(length));
    await this.closed;
    return this.#take(this.held.length);
  }

  async #chunks(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const lineEnd = await this.until((held) => {
        const at = held.indexOf("\r\n");
        return at < 0 ? undefined : at;
      });
      if (lineEnd === undefined) throw new Error("closed inside a chunked body");
      const size = Number.parseInt(this.held.subarray(0, lineEnd).toString("latin1"), 16);
      this.held = this.held.subarray(lineEnd + 2);
      parts.push(await this.#take(size));
      await this.#take(2);
      if (size === 0) return Buffer.concat(parts);
    }
  }

  async #take(bytes: number): Promise<Buffer> {
    const whole = await this.until((held) => (held.length >= bytes ? true : undefined));
    if (whole === undefined) throw new Error(`closed before ${bytes} bytes had come`);
    const taken = this.held.subarray(0, bytes);
    this.held = this.held.subarray(bytes);
    return taken;
  }

  #end(): void {
    this.#state = "ended";
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
