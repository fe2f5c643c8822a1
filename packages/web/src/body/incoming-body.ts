/** Where what is read of a body goes. None of it comes from inside a call to the body. */
export interface BodyEvents {
  data(chunk: Uint8Array): void;
  end(): void;
  /** It broke off: the end is not to be had. */
  broken(reason: unknown): void;
}

type Got = { readonly kind: "data"; readonly chunk: Uint8Array } | { readonly kind: "end" } | Broken;
interface Broken {
  readonly kind: "broken";
  readonly reason: unknown;
}

/**
 * Reads the body of a request or a response, at its taker's pace: while paused it asks for nothing, and holds at most the
 * one chunk that it had asked for. It begins paused.
 */
export class IncomingBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #events: BodyEvents;
  /** Whether a break waits for resume() too, behind what came before it. */
  readonly #breaksWait: boolean;
  #state: "idle" | "reading" | "over" = "idle";
  #paused = true;
  /** What came while paused. */
  #held: Got | undefined;

  /** Throws TypeError if somebody else reads the stream. */
  constructor(stream: ReadableStream<Uint8Array> | null, breaksWait: boolean, events: BodyEvents) {
    this.#reader = stream?.getReader() ?? null;
    this.#breaksWait = breaksWait;
    this.#events = events;
  }

  pause(): void {
    this.#paused = true;
  }

  /** What was held, and what is read then, follows in a later turn. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => this.#next());
  }

  /** Nothing more of it is wanted. No event follows. */
  cancel(reason: unknown): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#held = undefined;
    this.#reader?.cancel(reason).catch(ignore);
  }

  #next(): void {
    if (this.#paused || this.#state !== "idle") return;
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      this.#deliver(held);
    } else if (this.#reader === null) this.#deliver({ kind: "end" });
    else {
      this.#state = "reading";
      this.#reader.read().then(
        ({ done, value }) => this.#take(done ? { kind: "end" } : asData(value)),
        (reason: unknown) => this.#take({ kind: "broken", reason }),
      );
    }
  }

  #take(got: Got): void {
    if (this.#state === "over") return;
    this.#state = "idle";
    if (this.#paused && (got.kind !== "broken" || this.#breaksWait)) this.#held = got;
    else this.#deliver(got);
  }

  #deliver(got: Got): void {
    if (got.kind === "data") {
      if (got.chunk.length > 0) this.#events.data(got.chunk);
      this.#next();
      return;
    }
    this.#state = "over";
    if (got.kind === "end") this.#events.end();
    else this.#events.broken(got.reason);
  }
}

/** A stream that somebody made by hand may hold anything. */
function asData(value: unknown): Got {
  // By its tag: it may be another realm's.
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "Uint8Array") return { kind: "data", chunk: value as Uint8Array };
  const what = typeof value === "object" ? tag : typeof value;
  return { kind: "broken", reason: new TypeError(`the body holds ${what} where bytes belong`) };
}

function ignore(): void {}
