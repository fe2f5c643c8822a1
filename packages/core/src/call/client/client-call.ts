import type { Message } from "@bufbuild/protobuf";
import type { Caps, Fault, Fields, Peer, RequestHead } from "@millrace/exchange";
import { nameCall, RpcError } from "../../error.ts";
import type { Init } from "../../init.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { GetForm, Outcome, RequestFacts } from "../../protocol/client-protocol.ts";
import type { EncodedMessage } from "../message-encoder.ts";
import type { Observation } from "../observation.ts";
import { Attempt } from "./attempt.ts";
import type { AttemptOwner } from "./attempt.ts";
import { carriageFailure } from "./carriage-failure.ts";
import type { ClientHead } from "./client-head.ts";
import { getFormFor, getOrPost } from "./get-request.ts";
import type { MethodPlan } from "./method-plan.ts";
import { RequestSender } from "./request-sender.ts";
import type { RequestSenderOwner } from "./request-sender.ts";
import type { RequestTarget } from "./request-target.ts";
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

/**
 * One call on the wire: `open` until its outcome is fixed, then `settled`, and `closed` when its exchange is gone too. It
 * owns its scope: the deadline stays armed until it is closed.
 */
export class ClientCall<I extends Message, O extends Message> implements AttemptOwner<O>, RequestSenderOwner {
  readonly #head: ClientHead;
  readonly #plan: MethodPlan<I, O>;
  readonly #consumer: ReplyConsumer<O>;
  readonly #observation: Observation | null;
  /** Whether the outcome on the wire is the user's; with interceptors, theirs is. */
  readonly #outermost: boolean;
  #state: "open" | "settled" | "closed" = "open";
  #outcome: RpcError | null | undefined;
  #attempt: Attempt<O> | undefined;
  /** Makes an attempt of a request that is whole, and kept until something is heard of it. */
  #try: (() => void) | undefined;
  #retries: Retries | undefined;
  /** `following`: an attempt has died, and another one follows when it has closed. */
  #exchange: "none" | "open" | "following" | "closed" = "none";
  #messages = 0;
  /** What the carriage can do; narrower once the request is on the wire. */
  #caps: Caps;
  /** Of a call that sends a stream. */
  #sender: RequestSender<I> | undefined;

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

  /** Starts a call that sends a stream, and gives what its requests go to. */
  startStream(): RequestTarget<I> {
    const { send } = this.#head.core;
    this.#sender = new RequestSender(this.#plan.encoder, send, this);
    if (this.#begin()) this.#open(undefined, send?.algorithm.name ?? null);
    return this.#sender;
  }

  /** Ends the call from this side. */
  cancel(error: RpcError): void {
    this.#settle(error, [], "cancel");
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
    this.#sender?.writable();
  }

  closed(delivered: boolean): void {
    if (this.#exchange === "following" && this.#state === "open") return this.#try!();
    this.#exchange = "closed";
    this.#observation?.closed(delivered);
    this.#close();
  }

  // What the sender of requests says.

  get outcome(): RpcError | null | undefined {
    return this.#outcome;
  }

  write(message: EncodedMessage): boolean {
    const room = this.#attempt!.write(message.chunk);
    this.#observation?.sent(message.size);
    return room;
  }

  endWriting(): void {
    this.#attempt!.endRequests();
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
    const before = this.#retries?.followed ?? 0;
    // To its observers all attempts are one.
    if (before === 0) this.#observation?.opened();
    attempt.open(head, body, { deadline: scope.deadline, attempt: before });
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

  #settle(error: RpcError | null, trailers: Fields, by: EndedBy = "failure"): void {
    if (this.#state !== "open") return;
    this.#state = "settled";
    this.#outcome = error;
    if (error !== null) nameCall(error, this.#plan.method.path);
    const { scope } = this.#head;
    if (error !== null && by !== "peer") scope.cancel(error);
    else scope.finish();
    if (by === "peer") this.#leaveRequests();
    else this.#attempt?.abandon();
    this.#consumer.onEnd(error, trailers, by === "cancel");
    this.#sender?.settled();
    if (this.#outermost) this.#observation?.settled(error);
    this.#close();
  }

  /** The peer has ended the call: what we have ended too ends by itself, and of the rest nothing more is said. */
  #leaveRequests(): void {
    if (this.#sender === undefined || !this.#sender.leave()) return;
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

  #wrongCount(what: string): RpcError {
    return new RpcError(
      "unimplemented",
      `the response to ${this.#plan.method.path} has ${what}: exactly one is required`,
    );
  }
}
