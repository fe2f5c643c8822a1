import { withOneCookie } from "@millrace/exchange";
import type { ClientSink, Fault, Fields, RequestHead } from "@millrace/exchange";
import { type Dispatcher, errors } from "undici";
import { ClientExchange } from "./client-exchange.ts";
import { unsentFault } from "./connect-failure.ts";
import type { Target } from "./dial.ts";
import { DialFailure } from "./dial-failure.ts";
import type { Http1Carried, Http1Connection } from "./http1-connection.ts";
import { endsWithConnection, http1Fault, type Http1Failure } from "./http1-fault.ts";
import { http1Caps } from "./http1-limits.ts";

/** In bytes: so much of a body is read in a turn of the event loop, which others wait for, the garbage collector among them. */
const mostPerTurn = 256 * 1024;

/** Undici gives the names and values of a head as the bytes of the wire. */
function fieldsOf(raw: unknown): Fields {
  if (!Array.isArray(raw)) return [];
  return raw.map((part: Buffer | string, i) => {
    const text = typeof part === "string" ? part : part.toString("latin1");
    return i % 2 === 0 ? text.toLowerCase() : text;
  });
}

/**
 * One request whose body is known whole, over a connection of undici. It is the handler of its own dispatch.
 */
export class ClientHttp1Exchange extends ClientExchange implements Http1Carried {
  readonly #target: Target;
  /** Hands the request to undici. */
  #dispatch: (() => void) | undefined;
  /** The request. `flushed`: undici has handed all of it to the socket. */
  #local: "ended" | "flushed" = "ended";
  #remote: "waiting" | "body" | "body to the connection's end" | "ended" = "waiting";
  #connection: Http1Connection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Whether undici's parser is to be let go on, in a later turn. */
  #resuming: "no" | "scheduled" = "no";
  /** Bytes of the body since undici's parser was last let go on. */
  #taken = 0;
  /** What came from the socket when the parser had brought enough. */
  #lastRead: ArrayBufferLike | undefined;

  constructor(target: Target, sink: ClientSink, ended: () => void) {
    super(sink, ended);
    this.#target = target;
  }

  /** Hands the request to undici. */
  start(dispatcher: Dispatcher, head: RequestHead, body: Uint8Array | null): void {
    const { method, authority, path, query, fields } = head;
    const options: Dispatcher.DispatchOptions = {
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: ["host", authority, ...withOneCookie(fields)],
      body: body === null || body.length === 0 ? null : body,
    };
    this.#dispatch = () => {
      try {
        dispatcher.dispatch(options, this);
      } catch (error) {
        this.fail(unsentFault(error));
      }
    };
    this.#dispatch();
  }

  /** The body was given whole. */
  write(): boolean {
    return true;
  }

  end(): void {}

  /** The connection that will carry the request. Comes before onRequestStart(). */
  onConnection(connection: Http1Connection): void {
    this.#connection = connection;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.state === "closed") {
      // It was reset while it waited for a connection; undici knows no other way to take it back.
      controller.abort(new errors.RequestAbortedError());
      return;
    }
    this.state = "running";
    this.#controller = controller;
    if (this.sink.paused) controller.pause();
    this.sink.sent((this.#connection as Http1Connection).peer, http1Caps);
  }

  onRequestSent(): void {
    this.#local = "flushed";
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.state === "closed") return;
    const fields = fieldsOf(controller.rawHeaders);
    if (status < 200) {
      this.sink.inform(status, fields);
      return;
    }
    this.#remote = endsWithConnection(status, fields) ? "body to the connection's end" : "body";
    this.sink.head(status, fields);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.state === "closed") return;
    this.#taken += chunk.length;
    if (this.sink.data(chunk) && this.#taken < mostPerTurn) {
      this.#lastRead = undefined;
      return;
    }
    // Stopped in the middle of it, undici copies the rest together with what it reads next: the sink may as well hold it.
    this.#lastRead ??= chunk.buffer;
    const end = chunk.byteOffset + chunk.length;
    if (chunk.buffer === this.#lastRead && end < chunk.buffer.byteLength) return;
    controller.pause();
    this.readOn();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.state === "closed") return;
    const broken = this.#connection?.socket.errored ?? null;
    if (this.#remote === "body to the connection's end" && broken !== null) {
      this.onResponseError(controller, broken);
      return;
    }
    this.#remote = "ended";
    const trailers = fieldsOf(controller.rawTrailers);
    this.sink.end(trailers.length === 0 ? null : trailers);
    this.#closed(this.#local === "flushed");
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.state === "closed") return;
    if (this.state === "waiting" && isOfIdleConnection(error)) {
      this.#dispatchAgain();
      return;
    }
    this.sink.fault(this.#faultOf(error));
    this.#closed(false);
  }

  /** In a turn of its own: undici is in the middle of giving the connection up. */
  #dispatchAgain(): void {
    process.nextTick(() => {
      if (this.state === "waiting") this.#dispatch?.();
    });
  }

  #closed(delivered: boolean): void {
    this.state = "closed";
    this.sink.closed(delivered);
  }

  protected abort(): void {
    const waited = this.state === "waiting";
    this.state = "closed";
    if (waited) this.#connection?.unwanted();
    else this.#controller?.abort(new errors.RequestAbortedError());
  }

  /** In a turn of its own: undici parses from inside resume(), and cannot do so from inside another parser's callback. */
  protected readOn(): void {
    if (this.#resuming === "scheduled" || this.#controller === undefined) return;
    this.#resuming = "scheduled";
    setImmediate(() => {
      this.#resuming = "no";
      if (this.state !== "running" || this.sink.paused) return;
      this.#taken = 0;
      this.#lastRead = undefined;
      this.#controller?.resume();
    });
  }

  #faultOf(error: Error): Fault {
    if (error instanceof DialFailure) return error.fault;
    // Undici reports what it finds wrong with a request before it looks for a connection.
    if (this.state === "waiting") return unsentFault(error);
    const answered = this.#remote !== "waiting";
    const what = whatIs(error, answered);
    const broken = this.#connection?.error ?? error;
    const lost = what === "cut" && !answered && broken !== error;
    return http1Fault({
      target: this.#target,
      error: lost ? broken : error,
      what: lost ? "lost" : what,
      socket: this.#connection?.socket,
      rest: "data" in error && typeof error.data === "string" ? Buffer.from(error.data, "latin1") : undefined,
      answered,
    });
  }
}

/**
 * Undici looks at an idle connection before it sends a request over it, and fails the request with what it finds. An
 * error of its own, or of the making of a connection, is another matter.
 */
function isOfIdleConnection(error: Error): boolean {
  return !(error instanceof errors.UndiciError) && !(error instanceof DialFailure);
}

function whatIs(error: Error, answered: boolean): Http1Failure["what"] {
  if (error instanceof errors.HeadersOverflowError) return "too large";
  // Without a head there was no length to fall short of: the head itself contradicts itself.
  if (error instanceof errors.ResponseContentLengthMismatchError) return answered ? "cut" : "malformed";
  // "bad response" and "bad upgrade": a 100 or a 101 that nobody asked for.
  if (error instanceof errors.SocketError) return error.message.startsWith("bad ") ? "malformed" : "cut";
  // Without a rest, it is the end that the parser did not expect.
  if (error instanceof errors.HTTPParserError)
    return "data" in error && error.data !== "" ? "malformed" : "cut";
  return "lost";
}
