import { pem } from "../../../test/support/pem.ts";
import { connect, type Socket } from "node:net";

import type { Accept, ServerExchange } from "@millrace/exchange";
import { WatchedSink } from "./watched-sink.ts";

type EventName = "data" | "end" | "fault" | "writable" | "closed";

/** A server's exchange with the events that came to its sink. */
export class Recorded extends WatchedSink {
  readonly exchange: ServerExchange;
  readonly #on: Handlers;

  constructor(exchange: ServerExchange, on: Handlers) {
    super();
    this.exchange = exchange;
    this.#on = on;
  }

  protected override react(event: EventName): void {
    this.#on[event]?.(this);
  }
}

/** What a test does at an event; `accept` is the entry. */
export type Handlers = { readonly [E in EventName | "accept"]?: (recorded: Recorded) => void };

/** An entry that records, and hands out its exchanges in their order. Requests to /nobody are not taken. */
export class Recorder {
  readonly all: Recorded[] = [];
  #waiting: (() => void)[] = [];
  readonly #on: Handlers;

  constructor(on: Handlers = {}) {
    this.#on = on;
  }

  readonly accept: Accept = (exchange) => {
    if (exchange.head.path === "/nobody") return null;
    const recorded = new Recorded(exchange, this.#on);
    this.all.push(recorded);
    this.#on.accept?.(recorded);
    for (const resolve of this.#waiting.splice(0)) resolve();
    return recorded;
  };

  /** The exchange of this number, from 0 on, once it has been accepted. */
  async get(index = 0): Promise<Recorded> {
    for (;;) {
      const recorded = this.all[index];
      if (recorded !== undefined) return recorded;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** An entry that answers 200 with the request's body when it has ended. */
export const echo: Handlers = {
  end: ({ exchange, text }) =>
    exchange.reply(200, ["content-type", "text/plain"], Buffer.from(text, "latin1"), null),
};

/** A raw connection: bytes out, text in. */
export class RawConnection {
  readonly socket: Socket;
  received = "";
  readonly closed: Promise<void>;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString("latin1");
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
    this.closed = new Promise((resolve) => this.socket.on("close", () => resolve()));
  }

  send(...lines: string[]): this {
    this.socket.write(lines.join("\r\n"), "latin1");
    return this;
  }

  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.received;
  }
}

export function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** Test certificates, good from 2024 to 2124: an authority, and a server's and a client's for localhost. */
export const TLS = {
  ca: pem("ca"),
  server: { key: pem("server-key"), cert: pem("server") },
  client: { key: pem("client-key"), cert: pem("client") },
};
