import type { Caps, ClientSink, Exchange, Fault, Fields, Head, Peer } from "@millrace/exchange";
import { codeName } from "../../src/goaway.ts";
import { bytesText, fieldsText } from "./frame-text.ts";

/** What an exchange tells, a line each. */
export class RecordedSink implements ClientSink {
  exchange!: Exchange;
  /** Whole body so far. */
  body = "";
  lastFault: Fault | undefined;
  isClosed = false;
  #events: string[] = [];

  sent(_peer: Peer, _caps: Caps): void {
    this.#add("sent");
  }

  inform(status: number, fields: Fields): void {
    this.#add("inform", String(status), fieldsText(fields));
  }

  head(status: number, head: Head): void {
    this.#add("head", String(status), fieldsText(head.fields));
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    const bytes = chunk.slice(start, end);
    this.body += Buffer.from(bytes).toString("latin1");
    this.#add("data", bytesText(bytes));
  }

  end(trailers: Fields | null): void {
    this.#add("end", trailers === null ? "" : fieldsText(trailers));
  }

  fault(fault: Fault): void {
    this.lastFault = fault;
    const code = fault.h2 < 0 ? "-" : codeName(fault.h2);
    this.#add("fault", fault.by, fault.kind, code, fault.processed);
  }

  writable(): void {
    this.#add("writable");
  }

  closed(delivered: boolean): void {
    this.isClosed = true;
    this.#add("closed", String(delivered));
  }

  /** What was told since it was asked last. */
  events(): string[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #add(...words: string[]): void {
    this.#events.push(words.join(" ").trimEnd());
  }
}
