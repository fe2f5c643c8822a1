import assert from "node:assert/strict";
import type { ClientSink, Exchange, Fault, Fields, Head } from "@millrace/exchange";
import type { Connected } from "@millrace/http2/node";

export interface Request {
  readonly method?: string;
  /** Undefined: streamed. */
  readonly body?: Uint8Array | null | undefined;
  readonly fields?: Fields;
}

/** What a server has answered. */
export interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
}

/** A request to the server and all that comes of it. */
export class Call implements ClientSink {
  readonly exchange: Exchange;
  readonly #closed = Promise.withResolvers<void>();
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #status = 0;
  #fields: Fields = [];
  #trailers: Fields = [];
  #fault: Fault | undefined;
  #heard: () => void = () => {};

  constructor(
    connection: Connected,
    path: string,
    { method = "GET", body, fields = [] }: Request = { body: null },
  ) {
    const scheme = connection.peer.tls ? "https" : "http";
    const { name: authority } = connection;
    const head = { method, scheme, authority, path, query: "", fields, memo: undefined };
    this.exchange = connection.open(head, method === "GET" ? null : body, undefined, this);
  }

  /** The whole answer. Rejects if the exchange fails. */
  async answer(): Promise<Answer> {
    const { fault } = await this.outcome();
    assert.equal(fault, undefined, fault?.text);
    return {
      status: this.#status,
      fields: recordOf(this.#fields),
      body: Buffer.concat(this.#chunks),
      trailers: recordOf(this.#trailers),
    };
  }

  /** How it ended. */
  async outcome(): Promise<{ readonly fault: Fault | undefined }> {
    await this.#closed.promise;
    return { fault: this.#fault };
  }

  /** So many bytes of the body have come. */
  async received(bytes: number): Promise<void> {
    while (this.#bytes < bytes) {
      assert.equal(this.#fault, undefined, this.#fault?.text);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  sent(): void {}
  inform(): void {}
  writable(): void {}

  head(status: number, { fields }: Head): void {
    this.#status = status;
    this.#fields = fields;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#chunks.push(chunk.slice(start, end));
    this.#bytes += end - start;
    this.#heard();
  }

  end(trailers: Fields | null): void {
    this.#trailers = trailers ?? [];
  }

  fault(fault: Fault): void {
    this.#fault = fault;
    this.#heard();
  }

  closed(): void {
    this.#closed.resolve();
  }
}

function recordOf(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i]!, fields[2 * i + 1]!]),
  );
}
