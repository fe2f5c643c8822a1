import type { Fields } from "@millrace/exchange";
import { OutgoingBody } from "../body/outgoing-body.ts";
import type { OutgoingEvents } from "../body/outgoing-body.ts";

/** Fetch "null body status": a Response with one of these takes no body, not even an empty one. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** The status that servers log for a client that has gone. */
const clientClosedRequest = 499;

/** Why a body is broken off. */
const stopped = "the call has ended";

/**
 * A Response in the making: its head is `held` until it is known whether a body follows, then it is handed over, whole or
 * as a stream.
 */
export class PendingResponse {
  /** Never rejects. */
  readonly promise: Promise<Response>;
  readonly #events: OutgoingEvents;
  #resolve!: (response: Response) => void;
  #state: "none" | "held" | "streaming" | "ended" | "broken" = "none";
  #status = 0;
  #fields: Fields = [];
  #body: OutgoingBody | undefined;

  constructor(events: OutgoingEvents) {
    this.#events = events;
    this.promise = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Whether respond() or reply() has been called. */
  get begun(): boolean {
    return this.#state !== "none";
  }

  /** Whether nothing more can be written. */
  get ended(): boolean {
    return this.#state === "ended" || this.#state === "broken";
  }

  /** Whether all of it has been handed over. */
  get flushed(): boolean {
    return this.#state === "ended" && (this.#body?.flushed ?? true);
  }

  respond(status: number, fields: Fields): void {
    if (this.begun) return;
    this.#state = "held";
    this.#status = status;
    this.#fields = fields;
  }

  reply(status: number, fields: Fields, body: Uint8Array | null): void {
    if (this.begun) return;
    this.respond(status, fields);
    this.#handOver(body);
  }

  write(chunk: Uint8Array): boolean {
    this.flush();
    return this.#body?.write(chunk) ?? true;
  }

  /** Hands over the head, and a stream for the body. */
  flush(): void {
    if (this.#state !== "held") return;
    if (bodiless.has(this.#status)) this.#handOver(null);
    else {
      this.#state = "streaming";
      this.#body = new OutgoingBody(this.#events);
      this.#resolve(responseOf(this.#status, this.#fields, this.#body.stream));
    }
  }

  end(): void {
    if (this.#state === "held") this.#handOver(null);
    else if (this.#state === "streaming") {
      this.#state = "ended";
      this.#body?.end();
    }
  }

  /** Breaks it off. There is no way to give no response at all: before its head, one that fails stands for it. */
  breakOff(): void {
    if (!this.begun || this.#state === "held") {
      this.#body = new OutgoingBody(this.#events);
      this.#resolve(responseOf(500, [], this.#body.stream));
    }
    this.#state = "broken";
    this.#body?.fail(stopped);
  }

  /** Gives it up: there is nobody to hear that it breaks off. */
  abandon(): void {
    if (!this.begun || this.#state === "held") this.#resolve(responseOf(clientClosedRequest, [], null));
    this.#state = "broken";
    this.#body?.drop();
  }

  #handOver(body: Uint8Array | null): void {
    this.#state = "ended";
    this.#resolve(responseOf(this.#status, this.#fields, body));
    queueMicrotask(() => this.#events.flushed());
  }
}

/** `BodyInit`, which not all types of engines have by that name. */
type Body = ConstructorParameters<typeof Response>[0];

function responseOf(
  status: number,
  fields: Fields,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
): Response {
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i]!, fields[i + 1]!);
  const init: ResponseInit & { encodeBody: "manual" } = {
    status,
    headers,
    // Workers compress a body that its content-encoding says is compressed, unless they are told that it is.
    encodeBody: "manual",
  };
  return new Response(bodiless.has(status) ? null : (body as Body), init);
}
