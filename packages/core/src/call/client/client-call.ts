import type { Message } from "@bufbuild/protobuf";
import type { Caps, Fault, Fields, Peer, RequestHead } from "@millrace/exchange";
import { nameCall, RpcError } from "../../error.ts";
import type { Init } from "../../init.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { GetForm, Outcome, RequestFacts } from "../../protocol/client-protocol.ts";
import { handled } from "../handled.ts";
import type { EncodedMessage } from "../message-encoder.ts";
import type { Observation } from "../observation.ts";
import { Attempt } from "./attempt.ts";
import type { AttemptOwner } from "./attempt.ts";
import { carriageFailure } from "./carriage-failure.ts";
import type { ClientHead } from "./client-head.ts";
import { getFormFor, getOrPost } from "./get-request.ts";
import type { MethodPlan } from "./method-plan.ts";
import { Retries } from "./retries.ts";

/** What a call hands up: headers at most once, messages, then the end exactly once. */
export interface ReplyConsumer<O> {
  onHeaders(fields: Fields): void;
  /** `bytes` is its size, unpacked. */
  onMessage(message: O, bytes: number): void;
  /** `canceled`: from this side, so that what was received and not yet taken is dropped. */
  onEnd(error: RpcError | null, trailers: Fields, canceled: boolean): void;
}

/** Who fixed a call's outcome: the peer by its word, this side by canceling, or what went wrong in between. */
type EndedBy = "peer" | "cancel" | "failure";

interface SendWaiter {
  resolve(room: boolean): void;
  reject(error: RpcError): void;
  /** Kept alive while the sender waits. */
  readonly keeper: unknown;
}

/**
 * One call on the wire: `open` until its outcome is fixed, then `settled`, and `closed` when its exchange is gone too. It
 * owns its scope: the deadline stays armed until it is closed.
 */
export class ClientCall<I extends Message, O extends Message> implements AttemptOwner<O> {
  readonly #head: ClientHead;
  readonly #plan: MethodPlan<I, O>;
  readonly #consumer: ReplyConsumer<O>;
  readonly #observation: Observation | null;
  /** Whether the outcome on the wire is the user's; with interceptors, theirs is. */
  readonly #outermost: boolean;
  #state: "open" | "settled" | "closed" = "open";
  #error: RpcError | null = null;
  #attempt: Attempt<O> | undefined;
  /** Makes an attempt of a request that is whole, and kept until something is heard of it. */
  #try: (() => void) | undefined;
  #attempts = 0;
  #retries: Retries | undefined;
  /** `following`: an attempt has died, and another one follows when it has closed. */
  #exchange: "none" | "open" | "following" | "closed" = "none";
  #messages = 0;
  /** What the carriage can do; narrower once the request is on the wire. */
  #caps: Caps;
  #requests: "open" | "ending" | "ended" = "open";
  /** The last of the sends that wait for their compression. */
  #sending: Promise<void> | undefined;
  #waiters: SendWaiter[] = [];

  constructor(
    head: ClientHead,
    plan: MethodPlan<I, O>,
    consumer: ReplyConsumer<O>,
    observation: Observation | null,
    outermost = true,
  ) {
    this.#outermost = outermost;
    this.#head = head;
    this.#caps = head.core.connector.caps;
    this.#plan = plan;
    this.#consumer = consumer;
    this.#observation = observation;
  }

  /** Starts a call that sends one message. */
  startWith(request: Init<I>): void {
    if (!this.#begin()) return;
    const { core } = this.#head;
    const { method, encoder } = this.#plan;
    const form = getFormFor(core, method);
    try {
      if (form !== null) {
        const message = encoder.encode(request, null, true) as EncodedMessage;
        this.#whenReady(getOrPost(core, form, this.#plan, message), (ready) => {
          if (ready.verb === "GET") this.#get(form, ready.query, ready.size);
          else this.#post(ready.message);
        });
      } else this.#whenReady(encoder.encode(request, core.send, false), (message) => this.#post(message));
    } catch (error) {
      this.#settle(RpcError.from(error), []);
    }
  }

  /** Starts a call that sends a stream: send() and endRequests() follow. */
  startStream(): void {
    if (!this.#begin()) return;
    this.#open(undefined, this.#head.core.send?.algorithm.name ?? null);
  }

  /** Ends the call from this side. */
  cancel(error: RpcError): void {
    this.#settle(error, [], "cancel");
  }

  send(message: Init<I>, keeper: unknown): Promise<boolean> {
    if (this.#state !== "open") return this.#sendOutcome();
    if (this.#requests !== "open") {
      const text = "the requests of this call have ended: send() before that";
      return handled(Promise.reject(new RpcError("failed_precondition", text)));
    }
    let encoded: EncodedMessage | Promise<EncodedMessage>;
    try {
      encoded = this.#plan.encoder.encode(message, this.#head.core.send, false);
    } catch (error) {
      this.#settle(RpcError.from(error), []);
      return this.#sendOutcome();
    }
    if (!(encoded instanceof Promise) && this.#sending === undefined) return this.#write(encoded, keeper);
    const turn = Promise.all([encoded, this.#sending]);
    const written = turn.then(
      ([ready]) => (this.#state === "open" ? this.#write(ready, keeper) : this.#sendOutcome()),
      (error: unknown) => {
        this.#settle(RpcError.from(error), []);
        return this.#sendOutcome();
      },
    );
    const sending = turn.then(ignore, ignore).then(() => {
      if (this.#sending !== sending) return;
      this.#sending = undefined;
      if (this.#requests === "ending") this.#endNow();
    });
    this.#sending = sending;
    return handled(written);
  }

  endRequests(): void {
    if (this.#requests !== "open") return;
    this.#requests = "ending";
    if (this.#sending === undefined) this.#endNow();
  }

  /** Held back, and let go on, by who takes the messages. */
  pause(): void {
    this.#attempt?.pause();
  }

  resume(): void {
    this.#attempt?.resume();
  }

  // What the attempt says.

  get pastDeadline(): boolean {
    return this.#head.core.host.now() >= this.#head.scope.deadline;
  }

  sent(peer: Peer, caps: Caps): void {
    this.#head.sentTo(peer);
    this.#caps = caps;
    const failure = this.#cannot(caps);
    if (failure !== undefined) this.#settle(failure, []);
  }

  headers(fields: Fields): void {
    if (this.#state !== "open") return;
    this.#try = undefined;
    this.#observation?.headers(FieldMetadata.received(fields));
    this.#consumer.onHeaders(fields);
  }

  message(message: O, size: number, bytes: number): void {
    if (this.#state !== "open") return;
    this.#messages++;
    this.#observation?.received(size);
    if (this.#messages > 1 && this.#single) this.#settle(this.#wrongCount("more than one message"), []);
    else this.#consumer.onMessage(message, bytes);
  }

  ended(outcome: Outcome): void {
    const missing = outcome.error === null && this.#messages === 0 && this.#single;
    const error = missing ? this.#wrongCount("no message") : outcome.error;
    this.#settle(error, outcome.trailers, "peer");
  }

  failed(error: RpcError): void {
    this.#settle(error, []);
  }

  retries(fault: Fault, wasSent: boolean): boolean {
    if (this.#state !== "open" || this.#try === undefined) return false;
    this.#retries ??= new Retries();
    if (!this.#retries.follow(fault, wasSent)) return false;
    this.#exchange = "following";
    return true;
  }

  writable(): void {
    this.#wake((waiter) => waiter.resolve(true));
  }

  closed(delivered: boolean): void {
    if (this.#exchange === "following" && this.#state === "open") return this.#try!();
    this.#exchange = "closed";
    this.#observation?.closed(delivered);
    this.#close();
  }

  // Inside.

  get #single(): boolean {
    const { kind } = this.#plan.method;
    return kind === "unary" || kind === "client_streaming";
  }

  /** What can be decided before anything is sent. False if that ended the call. */
  #begin(): boolean {
    const { scope, core } = this.#head;
    const failure =
      scope.reason ??
      (this.#plan.failure === undefined ? undefined : new RpcError("internal", this.#plan.failure)) ??
      this.#cannot(core.connector.caps) ??
      (scope.remainingMs <= 0 ? scope.deadlineExceeded() : undefined);
    if (failure !== undefined) {
      this.#settle(failure, []);
      return false;
    }
    scope.onCancel((reason) => this.#settle(reason, [], "cancel"));
    scope.arm(() => {
      if (this.#state === "open") scope.cancel(scope.deadlineExceeded());
      // The outcome is fixed and yet not all of it flushed.
      else this.#attempt?.abandon();
    });
    return true;
  }

  #cannot(caps: Caps): RpcError | undefined {
    return carriageFailure(this.#head.core, this.#plan.method.kind, caps);
  }

  #get(form: GetForm, query: string, size: number): void {
    this.#requests = "ended";
    this.#attemptBy(() => {
      const facts = this.#facts("GET", null);
      this.#exchangeWith(query, form.request(facts), null, facts);
    });
    this.#observation?.sent(size);
  }

  #post(message: EncodedMessage): void {
    const { core } = this.#head;
    const wholeBody = core.protocol.framing(this.#plan.method) === "body";
    const compression = message.compressed || !wholeBody ? core.send : null;
    this.#requests = "ended";
    this.#attemptBy(() => this.#open(message.chunk, compression?.algorithm.name ?? null));
    this.#observation?.sent(message.size);
  }

  #attemptBy(attempt: () => void): void {
    this.#try = attempt;
    attempt();
  }

  #open(body: Uint8Array | undefined, sendEncoding: string | null): void {
    const facts = this.#facts("POST", sendEncoding);
    this.#exchangeWith("", this.#head.core.protocol.request(facts), body, facts);
  }

  #facts(httpMethod: "GET" | "POST", sendEncoding: string | null): RequestFacts {
    const { core, headers, scope } = this.#head;
    return {
      method: this.#plan.method,
      httpMethod,
      format: core.format,
      metadata: headers.fields,
      timeoutMs: scope.remainingMs,
      sendEncoding,
      acceptEncodings: core.acceptEncodings,
    };
  }

  #exchangeWith(
    query: string,
    fields: string[],
    body: Uint8Array | null | undefined,
    facts: RequestFacts,
  ): void {
    const { core, headers, scope, maxReceiveBytes } = this.#head;
    if (core.userAgent !== undefined && !headers.has("user-agent")) fields.push("user-agent", core.userAgent);
    const head: RequestHead = {
      method: facts.httpMethod,
      scheme: core.scheme,
      authority: core.authority,
      path: this.#plan.path,
      query,
      fields,
      memo: undefined,
    };
    const attempt = new Attempt(core, this, facts, this.#plan.output, maxReceiveBytes);
    this.#attempt = attempt;
    this.#exchange = "open";
    const count = this.#attempts++;
    // To its observers all attempts are one.
    if (count === 0) this.#observation?.opened();
    attempt.open(head, body, { deadline: scope.deadline, waitForReady: false, attempt: count });
  }

  /** Goes on with what is there, or when it is. */
  #whenReady<T extends object>(work: T | Promise<T>, then: (value: T) => void): void {
    if (!(work instanceof Promise)) {
      then(work);
      return;
    }
    work.then(
      (value) => {
        if (this.#state === "open") then(value);
      },
      (error: unknown) => this.#settle(RpcError.from(error), []),
    );
  }

  #write(message: EncodedMessage, keeper: unknown): Promise<boolean> {
    const room = this.#attempt!.write(message.chunk);
    this.#observation?.sent(message.size);
    // An observer may have ended the call.
    if (this.#state !== "open") return this.#sendOutcome();
    if (room && this.#waiters.length === 0) return Promise.resolve(true);
    const waiting = new Promise<boolean>((resolve, reject) =>
      this.#waiters.push({ resolve, reject, keeper }),
    );
    return handled(waiting);
  }

  #endNow(): void {
    this.#requests = "ended";
    if (this.#state === "open") this.#attempt!.endRequests();
  }

  #settle(error: RpcError | null, trailers: Fields, by: EndedBy = "failure"): void {
    if (this.#state !== "open") return;
    this.#state = "settled";
    this.#error = error;
    if (error !== null) nameCall(error, this.#plan.method.path);
    const { scope } = this.#head;
    if (error !== null && by !== "peer") scope.cancel(error);
    else scope.finish();
    if (by === "peer") this.#leaveRequests();
    else this.#attempt?.abandon();
    this.#consumer.onEnd(error, trailers, by === "cancel");
    this.#wake((waiter) => {
      if (error === null) waiter.resolve(false);
      else waiter.reject(error);
    });
    if (this.#outermost) this.#observation?.settled(error);
    this.#close();
  }

  /** The peer has ended the call: what we have ended too ends by itself, and of the rest nothing more is said. */
  #leaveRequests(): void {
    if (this.#requests === "ended") return;
    this.#requests = "ended";
    // Where a reset costs the connection, an orderly end leaves it to the next call.
    if (this.#caps.resets) this.#attempt?.abandon();
    else this.#attempt?.endRequests();
  }

  #close(): void {
    if (this.#state !== "settled" || this.#exchange === "open" || this.#exchange === "following") return;
    this.#state = "closed";
    this.#attempt = undefined;
    this.#try = undefined;
    this.#head.scope.release();
  }

  #sendOutcome(): Promise<boolean> {
    return this.#error === null ? Promise.resolve(false) : handled(Promise.reject(this.#error));
  }

  #wake(tell: (waiter: SendWaiter) => void): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) tell(waiter);
  }

  #wrongCount(what: string): RpcError {
    return new RpcError(
      "unimplemented",
      `the response to ${this.#plan.method.path} has ${what}: exactly one is required`,
    );
  }
}

function ignore(): void {}
