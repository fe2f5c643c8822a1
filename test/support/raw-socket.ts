import { connect, type Socket } from "node:net";
import type { Answer } from "./answer.ts";
import { mapOf, valueOf } from "./fields.ts";
import { Watchable } from "./watchable.ts";

/** The head of an HTTP/1 message. */
export interface RawHead {
  readonly line: string;
  /** Name and value by turns; names in lower case. */
  readonly fields: readonly string[];
}

/** A socket that keeps what it hears, and can read HTTP/1 messages from it. */
export class RawSocket {
  readonly socket: Socket;
  /** Not read yet. */
  held: Buffer = Buffer.alloc(0);
  /** Resolves when both directions are gone. */
  readonly closed: Promise<void>;
  #state: "open" | "ended" = "open";
  readonly #watch = new Watchable();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
      this.#watch.changed();
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
    const outcome = await this.#watch.until(() => {
      const result = found(this.held);
      return result !== undefined || this.ended ? { result } : undefined;
    });
    return outcome.result;
  }

  /** Takes the next head; undefined if the peer closes instead. */
  async head(): Promise<RawHead | undefined> {
    const end = await this.until((held) => {
      const at = held.indexOf("\r\n\r\n");
      return at < 0 ? undefined : at;
    });
    if (end === undefined) return undefined;
    const [line = "", ...lines] = this.held.subarray(0, end).toString("latin1").split("\r\n");
    this.held = this.held.subarray(end + 4);
    return { line, fields: fieldsOf(lines) };
  }

  /**
   * Takes the body behind a head, piece by piece as it comes, and gives its trailers. `unmarked`: what a body without a
   * length and without chunks is. Throws if the peer closes inside it.
   */
  async *body(
    head: RawHead,
    unmarked: "empty" | "to the end",
  ): AsyncGenerator<Buffer, readonly string[] | null> {
    if (valueOf(head.fields, "transfer-encoding") === "chunked") return yield* this.#chunks();
    const length = valueOf(head.fields, "content-length");
    if (length !== undefined) yield* this.#pieces(Number(length));
    else if (unmarked === "to the end") {
      await this.closed;
      yield* this.#pieces(this.held.length);
    }
    return null;
  }

  /** Takes one whole HTTP/1 response; throws if the peer closes inside it. Interim ones are passed over. */
  async answer(): Promise<Answer> {
    for (;;) {
      const head = await this.head();
      if (head === undefined) throw new Error(`closed before a response: ${this.held.toString("latin1")}`);
      const status = Number(head.line.split(" ")[1]);
      if (status < 200) continue;
      const parts: Buffer[] = [];
      const body = this.body(
        status === 304 ? { ...head, fields: [] } : head,
        status === 304 ? "empty" : "to the end",
      );
      let next = await body.next();
      for (; next.done !== true; next = await body.next()) parts.push(next.value);
      return {
        status,
        headers: mapOf(head.fields),
        body: Buffer.concat(parts),
        trailers: next.value === null ? null : mapOf(next.value),
      };
    }
  }

  async *#chunks(): AsyncGenerator<Buffer, readonly string[] | null> {
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16);
      if (size === 0) break;
      yield* this.#pieces(size);
      await this.#line();
    }
    const lines: string[] = [];
    for (let line = await this.#line(); line !== ""; line = await this.#line()) lines.push(line);
    return lines.length === 0 ? null : fieldsOf(lines);
  }

  async #line(): Promise<string> {
    const end = await this.until((held) => {
      const at = held.indexOf("\r\n");
      return at < 0 ? undefined : at;
    });
    if (end === undefined) throw new Error("closed inside a chunked body");
    const line = this.held.subarray(0, end).toString("latin1");
    this.held = this.held.subarray(end + 2);
    return line;
  }

  async *#pieces(bytes: number): AsyncGenerator<Buffer, undefined> {
    for (let left = bytes; left > 0;) {
      const some = await this.until((held) => (held.length > 0 ? true : undefined));
      if (some === undefined) throw new Error(`closed ${left} bytes before the end of a body`);
      const piece = this.held.subarray(0, left);
      this.held = this.held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  #end(): void {
    this.#state = "ended";
    this.#watch.changed();
  }
}

function fieldsOf(lines: readonly string[]): string[] {
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    fields.push(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}
