import { ErrorCode } from "@millrace/exchange";
import type { ClientSink, Connector, Exchange, Fault, Fields, Head, Hints } from "@millrace/exchange";

/** A request by hand: what a peer that is none of ours may do. */
export class RawCall implements ClientSink {
  status = 0;
  fields: Fields = [];
  readonly chunks: Uint8Array[] = [];
  trailers: Fields | null = null;
  /** What happened, in order. */
  readonly events: string[] = [];
  faulted: Fault | undefined;
  readonly exchange: Exchange;
  readonly #closed = Promise.withResolvers<boolean>();
  readonly #end = Promise.withResolvers<void>();
  readonly #data: (() => void) | undefined;

  constructor(
    connector: Connector,
    path: string,
    fields: Fields,
    body: Uint8Array | null | undefined,
    data?: () => void,
  ) {
    this.#data = data;
    const head = {
      method: "POST",
      scheme: "http",
      authority: "stage",
      path,
      query: "",
      fields,
      memo: undefined,
    };
    this.exchange = connector.open(head, body, hints, this);
  }

  /** Settles with the last event. */
  get closedDelivered(): Promise<boolean> {
    return this.#closed.promise;
  }

  /** Settles with the response's end, or with the exchange's. */
  get answered(): Promise<void> {
    return this.#end.promise;
  }

  get body(): Uint8Array {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return new TextDecoder().decode(this.body);
  }

  /** The first value of a field, or of a trailer. */
  field(name: string): string | undefined {
    for (const list of [this.fields, this.trailers ?? []]) {
      for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    }
    return undefined;
  }

  reset(): void {
    this.exchange.reset(ErrorCode.CANCEL);
  }

  sent(): void {
    this.events.push("sent");
  }

  inform(): void {}

  head(status: number, head: Head): void {
    this.events.push("head");
    this.status = status;
    this.fields = head.fields;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.chunks.push(new Uint8Array(chunk.subarray(start, end)));
    this.#data?.();
  }

  end(trailers: Fields | null): void {
    this.events.push("end");
    this.trailers = trailers;
    this.#end.resolve();
  }

  fault(fault: Fault): void {
    this.events.push(`fault ${fault.kind}`);
    this.faulted = fault;
  }

  writable(): void {}

  closed(delivered: boolean): void {
    this.events.push("closed");
    this.#end.resolve();
    this.#closed.resolve(delivered);
  }
}

const hints: Hints = { deadline: Infinity, attempt: 0 };

/** A message in its envelope. */
export function envelope(payload: Uint8Array, flags = 0, length = payload.length): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length);
  bytes[0] = flags;
  new DataView(bytes.buffer).setUint32(1, length);
  bytes.set(payload, 5);
  return bytes;
}
