import { firstField } from "@millrace/exchange";
import type { Fields, ServerExchange } from "@millrace/exchange";
import { RpcError } from "../../error.ts";
import type { Host } from "../../host/host.ts";
import type { ConnectionLoad } from "./connection-load.ts";

/** How long a client may take nothing of a reply, in milliseconds. */
const mostUntakenMs = 60_000;
/** Less of a reply is no burden. */
const leastBytes = 16 * 1024;
/** What is handed to the carriage at once, so that it can be seen whether the client takes anything. */
const pieceBytes = 256 * 1024;

/**
 * What a call sends, on a connection with bounds: large messages go in pieces, what has not left is counted as its
 * connection's load, and a client that takes nothing of it is noticed.
 */
export class Outbox {
  readonly #exchange: ServerExchange;
  readonly #load: ConnectionLoad;
  readonly #host: Host;
  readonly #single: boolean;
  readonly #untaken: () => void;
  #queue: Uint8Array[] = [];
  /** Where the first of the queue goes on. */
  #at = 0;
  #end: { readonly trailers: Fields | null } | undefined;
  #state: "open" | "choked" | "ended" | "closed" = "open";
  #unsent = 0;
  /** When the carriage took something last, on the host's clock, while the timer runs. */
  #takenAt = 0;
  #stop: (() => void) | undefined;

  /** `single`: one response, which a client takes whole; those of a stream may wait for their reader, as long as no other call does. */
  constructor(
    exchange: ServerExchange,
    load: ConnectionLoad,
    host: Host,
    single: boolean,
    untaken: () => void,
  ) {
    this.#exchange = exchange;
    this.#load = load;
    this.#host = host;
    this.#single = single;
    this.#untaken = untaken;
  }

  /** Bytes of messages that have not left. */
  get unsent(): number {
    return this.#unsent;
  }

  /** As ServerExchange.write(). */
  write(chunk: Uint8Array): boolean {
    if (this.#queue.length === 0 && chunk.length <= pieceBytes) {
      if (this.#exchange.write(chunk)) return true;
      this.#state = "choked";
      this.#hold(chunk);
      return false;
    }
    this.#hold(chunk);
    this.#queue.push(chunk);
    this.#send();
    return this.#state === "open";
  }

  /** As ServerExchange.reply(). */
  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void {
    if (body === null || body.length <= pieceBytes) {
      if (body !== null && body.length > leastBytes) this.#hold(body);
      this.#state = "ended";
      this.#exchange.reply(status, fields, body, trailers);
      return;
    }
    const sized = trailers === null && firstField(fields, "content-length") === undefined;
    this.#exchange.respond(status, sized ? [...fields, "content-length", String(body.length)] : fields);
    this.write(body);
    this.end(trailers);
  }

  /** As ServerExchange.end(). */
  end(trailers: Fields | null): void {
    this.#end = { trailers };
    // A client may have to send all its request before it reads; nobody here wants the rest of it.
    if (this.#queue.length > 0) this.#exchange.resume();
    else this.#finish();
  }

  /** The carriage has room. Whether there is room for more messages. */
  writable(): boolean {
    if (this.#state !== "choked") return false;
    this.#state = "open";
    this.#takenAt = this.#host.now();
    this.#send();
    return this.#state === "open";
  }

  /** `delivered`: as in Sink.closed(). */
  closed(delivered: boolean): void {
    this.#state = "closed";
    this.#queue = [];
    this.#release(delivered);
    this.#stop?.();
    this.#stop = undefined;
  }

  #send(): void {
    while (this.#state === "open" && this.#queue.length > 0) {
      const chunk = this.#queue[0]!;
      const piece = chunk.subarray(this.#at, this.#at + pieceBytes);
      this.#at += piece.length;
      if (this.#at === chunk.length) {
        this.#queue.shift();
        this.#at = 0;
      }
      if (!this.#exchange.write(piece)) this.#state = "choked";
    }
    if (this.#queue.length > 0) return;
    if (this.#end !== undefined) this.#finish();
    else if (this.#state === "open") this.#release(true);
  }

  /** What was written last leaves behind this: closed() tells of it. */
  #finish(): void {
    this.#state = "ended";
    this.#exchange.end(this.#end!.trailers);
  }

  #hold(chunk: Uint8Array): void {
    if (this.#unsent === 0) this.#takenAt = this.#host.now();
    this.#unsent += chunk.length;
    this.#load.unsent(chunk.length);
    if (this.#stop === undefined && this.#unsent >= leastBytes) this.#arm();
  }

  #release(wereTaken: boolean): void {
    this.#load.sent(this.#unsent, wereTaken);
    this.#unsent = 0;
  }

  #arm(): void {
    this.#stop = this.#host.timer(this.#takenAt + mostUntakenMs, () => {
      this.#stop = undefined;
      if (this.#unsent < leastBytes) return;
      const now = this.#host.now();
      if (this.#takenAt + mostUntakenMs <= now) {
        if (this.#single || this.#load.full) {
          this.#untaken();
          return;
        }
        this.#takenAt = now;
      }
      this.#arm();
    });
  }
}

/** The error of a call whose client takes nothing of its responses. */
export function untaken({ unsent }: Outbox): RpcError {
  const rest = `${unsent} bytes of the responses wait at the server`;
  return new RpcError("deadline_exceeded", `the client took nothing for ${mostUntakenMs / 1000} s: ${rest}`);
}
