import assert from "node:assert/strict";
import type { ClientSink, Exchange, Sink } from "@millrace/exchange";

/** What a sink does with its exchange, each in the callback that it is named after. */
export interface Behaviour {
  readonly data?: (exchange: Exchange, bytes: number) => void;
  readonly end?: (exchange: Exchange) => void;
  readonly head?: (exchange: Exchange) => void;
  readonly writable?: (exchange: Exchange) => void;
}

/** One exchange, held to the order of events that the seam promises. */
export class ExchangeWatch {
  readonly #behaviour: Behaviour;
  exchange!: Exchange;
  #seen: "nothing" | "sent" | "head" | "end" | "fault" | "closed" = "nothing";
  #isPaused = false;
  #awaitsRoom = false;
  #wasReset = false;
  /** How often closed() came. */
  closed = 0;
  /** How it ended, for the outcome. */
  last = "open";

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
  }

  pause(): void {
    this.#isPaused = true;
    this.exchange.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.exchange.resume();
  }

  write(chunk: Uint8Array): boolean {
    const hasRoom = this.exchange.write(chunk);
    if (!hasRoom) this.#awaitsRoom = true;
    return hasRoom;
  }

  reset(code: number): void {
    this.#wasReset = true;
    this.exchange.reset(code);
  }

  readonly sink: Sink = {
    data: (_chunk, start, end) => {
      this.#expectBefore("data", "end", "fault", "closed");
      assert.ok(!this.#isPaused, "data() while paused");
      this.#behaviour.data?.(this.exchange, end - start);
    },
    end: () => {
      this.#expectBefore("end", "end", "fault", "closed");
      assert.ok(!this.#isPaused, "end() while paused");
      this.#seen = "end";
      this.#behaviour.end?.(this.exchange);
    },
    fault: ({ by, kind, h2 }) => {
      this.#expectBefore("fault", "fault", "closed");
      this.#seen = "fault";
      this.last = `${by} ${kind} ${h2 < 14 ? h2 : "?"}`;
    },
    writable: () => {
      this.#expectBefore("writable", "fault", "closed");
      assert.ok(this.#awaitsRoom, "writable(), and nobody waits");
      this.#awaitsRoom = false;
      this.#behaviour.writable?.(this.exchange);
    },
    closed: (delivered) => {
      assert.equal(++this.closed, 1, "closed() comes twice");
      assert.ok(!(delivered && this.#seen === "fault"), "delivered, in spite of a fault");
      this.#seen = "closed";
      if (this.last === "open") this.last = `${this.#wasReset ? "reset" : "closed"} ${delivered}`;
    },
  };

  readonly clientSink: ClientSink = {
    ...this.sink,
    sent: () => {
      assert.equal(this.#seen, "nothing", "sent() is not the first");
      this.#seen = "sent";
    },
    inform: () => assert.equal(this.#seen, "sent", "inform() comes late"),
    head: () => {
      assert.equal(this.#seen, "sent", "head() comes late");
      this.#seen = "head";
      this.#behaviour.head?.(this.exchange);
    },
  };

  #expectBefore(event: string, ...not: readonly string[]): void {
    assert.ok(!not.includes(this.#seen), `${event}() behind ${this.#seen}()`);
    assert.ok(!this.#wasReset, `${event}() behind our own reset()`);
  }
}
