import { firstField } from "@millrace/exchange";
import type { Caps, Fault, Fields, Peer, RequestHead, ServerExchange, Sink } from "@millrace/exchange";
import { IncomingBody } from "../body/incoming-body.ts";
import { webHost } from "../host/web-host.ts";
import { PendingResponse } from "./pending-response.ts";
import { requestHead } from "./request-head.ts";

/** Which version of HTTP lies below, and how many exchanges share a connection, a Request does not tell. */
const caps: Caps = { http: "fetch", trailers: false, request: "full", resets: false, duplicates: false };

/** What is read and thrown away of a request that was answered before it had ended. */
const drainBytes = 262_144;
const drainMs = 1_000;

/** Why a request's body is not read on. */
const unwanted = "the call has ended";

/**
 * A Request, and the Response to it. What is written is handed to the runtime: whether it arrives, the runtime does not
 * tell.
 */
export class FetchServerExchange implements ServerExchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly caps: Caps = caps;
  readonly maxConcurrent: number = Infinity;
  readonly #request: Request;
  readonly #response: PendingResponse;
  #sink: Sink | undefined;
  #body: IncomingBody | undefined;
  /** `over`: it has ended, or what is left of it is wanted no more. */
  #incoming: "open" | "draining" | "over" = "open";
  #received = 0;
  #paused = false;
  /** `ending`: only closed() comes. */
  #state: "running" | "ending" | "closed" = "running";
  #stopDrainTimer: (() => void) | undefined;

  constructor(request: Request) {
    this.#request = request;
    this.head = requestHead(request);
    this.peer = { address: "", tls: this.head.scheme === "https", certificate: () => null };
    this.#response = new PendingResponse({
      writable: () => {
        if (this.#state === "running") this.#sink?.writable();
      },
      flushed: () => this.#closeIfThrough(),
      canceled: (reason) => this.#gone(reason),
    });
  }

  get response(): Promise<Response> {
    return this.#response.promise;
  }

  /** The request has been accepted: its events go to `sink`, from the next turn on. */
  start(sink: Sink): void {
    this.#sink = sink;
    const { signal, body } = this.#request;
    signal.addEventListener("abort", this.#aborted);
    if (signal.aborted) this.#aborted();
    try {
      this.#body = new IncomingBody(body, false, {
        data: (chunk) => this.#data(chunk),
        end: () => this.#ended(),
        broken: (reason) => this.#gone(reason),
      });
    } catch {
      this.#forgo();
      return;
    }
    if (this.#response.ended) this.#drain();
    else if (!this.#paused) this.#body.resume();
  }

  pause(): void {
    this.#paused = true;
    if (this.#incoming === "open") this.#body?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#body?.resume();
  }

  /** No interim responses come before a Response. */
  inform(): void {}

  respond(status: number, fields: Fields): void {
    if (this.#state === "running") this.#response.respond(status, fields);
  }

  reply(status: number, fields: Fields, body: Uint8Array | null): void {
    if (this.#state !== "running" || this.#response.begun) return;
    this.#response.reply(status, fields, body);
    this.#drain();
  }

  write(chunk: Uint8Array): boolean {
    return this.#mayWrite() ? this.#response.write(chunk) : true;
  }

  reserve(): null {
    return null;
  }

  commit(): boolean {
    return true;
  }

  flush(): void {
    if (this.#mayWrite()) this.#response.flush();
  }

  /** Trailers are not among what this carriage can do. */
  end(): void {
    if (!this.#mayWrite()) return;
    this.#response.end();
    this.#drain();
  }

  reset(): void {
    if (this.#state !== "running") return;
    this.#stop();
    queueMicrotask(() => this.#close(false));
  }

  #mayWrite(): boolean {
    if (this.#state !== "running" || this.#response.ended) return false;
    if (this.#response.begun) return true;
    // A body without a head is a mistake that no client should be shown.
    this.reset();
    return false;
  }

  #data(chunk: Uint8Array): void {
    this.#received += chunk.length;
    if (this.#incoming === "open") this.#sink?.data(chunk, 0, chunk.length);
    else if (this.#received > drainBytes) this.#drained();
  }

  #ended(): void {
    if (this.#incoming === "open") {
      // Some runtimes take a request for whole that its client has given up.
      const length = Number(firstField(this.head.fields, "content-length") ?? 0);
      if (this.#received < length) {
        this.#gone(`${this.#received} of ${length} bytes of the request have come`);
        return;
      }
      this.#incoming = "over";
      this.#sink?.end(null);
    } else this.#drained();
    this.#closeIfThrough();
  }

  /** Reads on after this side's end, so that a client that writes can come to its own; within bounds. */
  #drain(): void {
    if (this.#body === undefined || this.#incoming !== "open") return;
    this.#incoming = "draining";
    this.#received = 0;
    this.#stopDrainTimer = webHost.timer(webHost.now() + drainMs, () => this.#drained());
    this.#body.resume();
  }

  #drained(): void {
    this.#incoming = "over";
    this.#stopDrainTimer?.();
    this.#body?.cancel(unwanted);
    this.#closeIfThrough();
  }

  readonly #aborted = (): void => {
    // Who aborts may do so from inside a call of its own.
    queueMicrotask(() => this.#gone(this.#request.signal.reason));
  };

  /** The client takes no more, or sends no more. */
  #gone(cause: unknown): void {
    if (this.#state !== "running") return;
    // What has been handed over is not taken back: some runtimes say so after every response.
    if (this.#response.flushed) this.#drained();
    else this.#die({ ...clientGone, cause });
  }

  /** Somebody else has read the body. */
  #forgo(): void {
    const { status, text } = bodyTaken;
    queueMicrotask(() => this.#die({ by: "local", kind: "protocol", h2: -1, processed: "maybe", text }));
    const fields = ["content-type", "text/plain; charset=utf-8"];
    this.#response.reply(status, fields, new TextEncoder().encode(`${text}\n`));
  }

  #die(fault: Fault): void {
    if (this.#state !== "running") return;
    this.#stop();
    this.#sink?.fault(fault);
    this.#close(false);
  }

  /** Ends both halves, without a word to the sink. */
  #stop(): void {
    this.#state = "ending";
    // Some runtimes print that a body breaks off, which is no news when its client has gone.
    if (this.#request.signal.aborted) this.#response.abandon();
    else this.#response.breakOff();
    this.#stopDrainTimer?.();
    this.#body?.cancel(unwanted);
  }

  #closeIfThrough(): void {
    if (this.#state === "running" && this.#response.flushed && this.#incoming === "over") this.#close(true);
  }

  #close(delivered: boolean): void {
    this.#state = "closed";
    this.#request.signal.removeEventListener("abort", this.#aborted);
    this.#sink?.closed(delivered);
  }
}

const clientGone: Fault = {
  by: "transport",
  kind: "lost",
  h2: -1,
  processed: "maybe",
  text: "the client has gone",
};

const bodyTaken = {
  status: 500,
  text: "the request's body was read before it came here: give the handler the Request before anything reads it",
} as const;
