import type { Message } from "@bufbuild/protobuf";
import { ErrorCode } from "@millrace/exchange";
import type { Fault, Fields, Peer, ServerExchange, Sink } from "@millrace/exchange";
import { errorName, errorText, isA, isRpcError, RpcError } from "../../error.ts";
import type { Compression, Host } from "../../host/host.ts";
import { UnreadableRequest } from "../../metadata.ts";
import type { FieldMetadata } from "../../metadata.ts";
import type { Protocol } from "../../protocol/protocol-name.ts";
import type { WireCall } from "../../protocol/server-protocol.ts";
import { shortened } from "../../shortened.ts";
import { Base64Reader } from "../base64-reader.ts";
import { chosenFor } from "../compression-options.ts";
import { leave } from "../leave.ts";
import { faultToError } from "../fault-error.ts";
import { BodyReader, EnvelopeReader } from "../frame-reader.ts";
import { Deframer } from "../deframer.ts";
import type { FrameSink } from "../deframer.ts";
import type { MemoryBudget } from "../memory-budget.ts";
import type { EncodedMessage } from "../message-encoder.ts";
import { observe } from "../observation.ts";
import type { Observation } from "../observation.ts";
import { CallScope } from "../scope.ts";
import { briefOf } from "../unwritable.ts";
import { CallIntake } from "./call-intake.ts";
import type { ConnectionLoad } from "./connection-load.ts";
import type { Endpoint, EndpointCodecs } from "./endpoint.ts";
import { HandlerContext } from "./handler-context.ts";
import type { WireContext } from "./handler-context.ts";
import { Outbox, untaken } from "./outbox.ts";
import { OutgoingResponse } from "./outgoing-response.ts";
import { RequestStream } from "./request-stream.ts";
import { sequenceOf } from "./sequence.ts";
import { stalled, StallWatch } from "./stall-watch.ts";
import { Turn } from "./turn.ts";

/** How long the word of a passed deadline may take to leave: behind it there may be a window that stays shut. */
const mostFlushMs = 1000;

/**
 * One call on a server. Three moments end it, in any order but the last: its outcome is `settled`, its handler is `done`,
 * its exchange is `closed`.
 */
export class ServerCall implements Sink, FrameSink, WireContext {
  readonly #exchange: ServerExchange;
  readonly #endpoint: Endpoint;
  readonly #wire: WireCall;
  readonly #codecs: EndpointCodecs;
  readonly #compression: Compression | null;
  readonly #scope: CallScope;
  readonly #context: HandlerContext;
  readonly #response: OutgoingResponse;
  readonly #observation: Observation | null;
  readonly #turn: Turn;
  readonly #budget: MemoryBudget;
  readonly #load: ConnectionLoad | undefined;
  #stallWatch: StallWatch | undefined;
  #outcome: "open" | "settled" = "open";
  #handler: "waiting" | "running" | "done" = "waiting";
  #carriage: "alive" | "dead" | "closed" = "alive";
  #deframer: Deframer | undefined;
  #request: Message | undefined;
  #requests: RequestStream<Message> | undefined;
  /** Leaves the handler's sequence, in its own context. */
  #leave: (() => void) | undefined;
  /** The sequence takes its time over being left. */
  #leaving: Promise<unknown> | undefined;

  constructor(
    exchange: ServerExchange,
    endpoint: Endpoint,
    wire: WireCall,
    codecs: EndpointCodecs,
    compression: Compression | null,
  ) {
    this.#exchange = exchange;
    this.#endpoint = endpoint;
    this.#wire = wire;
    this.#codecs = codecs;
    this.#compression = compression;
    const { app, method } = endpoint;
    const deadline = wire.timeoutMs === Infinity ? Infinity : app.host.now() + wire.timeoutMs;
    this.#scope = new CallScope(app.host, deadline);
    this.#context = new HandlerContext(this, method, this.#scope);
    const send = app.send.length === 0 ? null : chosenFor(wire.acceptEncodings(), app.send);
    const encoder = endpoint.encoder(codecs, wire.framing, wire.text);
    const heldBack = method.kind === "bidi_streaming" && exchange.caps.request !== "full";
    const share = app.shareOf(exchange);
    this.#load = share?.load;
    const outbox =
      share && new Outbox(exchange, share.load, app.host, this.#single, () => this.#untaken(outbox!));
    this.#response = new OutgoingResponse(exchange, wire, encoder, send, heldBack, share?.load, outbox);
    this.#budget = share?.budget ?? app.budget;
    this.#turn = new Turn(share?.limit, () => this.#begin());
    this.#observation = app.host.enter(this.#scope, () =>
      observe(app.host, endpoint.observers, this.#context),
    );
    this.#observation?.opened();
    this.#response.observedBy(this.#observation);
  }

  /** Begins, or waits for its turn. Called within Accept. */
  start(): void {
    if (this.#scope.remainingMs <= 0) {
      this.#settle(this.#scope.deadlineExceeded());
      return;
    }
    this.#scope.arm(() => this.#overdue());
    if (!this.#turn.take(this.#exchange.maxConcurrent)) this.#exchange.pause();
  }

  /** Passes the gate, and lets the body in. */
  #begin(): void {
    const gates = this.#endpoint.gates.values();
    const step = (): Promise<void> | undefined => {
      for (const gate of gates) {
        if (this.#outcome !== "open") return undefined;
        const passing: unknown = this.host.enter(this.#scope, () => gate(this.#context));
        // Of whatever kind: one that was taken for passed would let everybody in.
        if (isThenable(passing)) return Promise.resolve(passing).then(step);
      }
      return undefined;
    };
    try {
      const passing = step();
      if (passing === undefined) this.#admit();
      else {
        this.#exchange.pause();
        this.#turn.holdFor(passing);
        passing.then(
          () => this.#admit(),
          (error: unknown) => this.#failed(error),
        );
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  // What the handler's context asks.

  get host(): Host {
    return this.#endpoint.app.host;
  }

  get protocol(): Protocol {
    return this.#wire.protocol;
  }

  get httpMethod(): string {
    return this.#exchange.head.method;
  }

  get peer(): Peer {
    return this.#exchange.peer;
  }

  get requestFields(): Fields {
    return this.#exchange.head.fields;
  }

  get responseHeaders(): FieldMetadata {
    return this.#response.headers;
  }

  get responseTrailers(): FieldMetadata {
    return this.#response.trailers;
  }

  sendHeaders(): void {
    if (this.#outcome === "open") this.#response.sendHeaders();
  }

  get turn(): Turn {
    return this.#turn;
  }

  // The exchange's events.

  data(chunk: Uint8Array, start: number, end: number): void {
    const { bodyRefusal } = this.#wire;
    if (bodyRefusal === null) {
      this.#deframer?.data(chunk, start, end);
      this.#stallWatch?.heard();
    } else if (end > start && this.#outcome === "open") {
      this.#response.refuse(bodyRefusal);
      this.#settle(new RpcError("invalid_argument", bodyRefusal.text));
    }
  }

  end(): void {
    const { message } = this.#wire;
    if (message !== null) this.#deframer?.data(message, 0, message.length);
    this.#deframer?.end(null);
  }

  fault(fault: Fault): void {
    this.#carriage = "dead";
    this.#deframer?.discard();
    // The carriage would not send the response. Nobody threw it, and the call may have ended with it already.
    const refused = fault.by === "local" && fault.h2 === ErrorCode.INTERNAL_ERROR;
    if (this.#outcome !== "open" && !refused) return;
    const error = faultToError(fault, "server", this.host.now() >= this.#scope.deadline);
    if (refused) this.#endpoint.app.report(error, this.#context);
    if (this.#outcome === "open") this.#settle(error);
  }

  writable(): void {
    this.#response.writable();
  }

  closed(delivered: boolean): void {
    this.#carriage = "closed";
    if (this.#outcome === "open") this.#settle(new RpcError("canceled", "the exchange was closed"));
    this.#deframer?.discard();
    this.#response.closed(delivered);
    this.#observation?.closed(delivered);
    this.#scope.release();
  }

  // The frames of the request, in order.

  frame(flags: number, buf: Uint8Array, start: number, end: number, owned: boolean, size: number): void {
    if (flags !== 0) {
      const hex = flags.toString(16).padStart(2, "0");
      this.unreadable(
        new RpcError("internal", `a request's envelope has flags 0x${hex}: these bits are reserved`),
      );
      return;
    }
    this.#observation?.received(size);
    let message: Message;
    try {
      message = this.#codecs.input.decode(buf, start, end, owned);
    } catch (cause) {
      const why = shortened(errorText(cause), 500);
      const { typeName } = this.#codecs.input;
      this.unreadable(new RpcError("invalid_argument", `cannot decode ${typeName}: ${why}`, { cause }));
      return;
    }
    if (this.#requests !== undefined) this.#requests.push(message, end - start);
    else if (this.#request === undefined) this.#request = message;
    else this.unreadable(this.#wrongCount("more than one message"));
  }

  ended(): void {
    if (this.#requests !== undefined) {
      this.#requests.end(null);
      if (this.#outcome === "open") this.#response.release();
      return;
    }
    // An empty body is an empty message where the body is the message.
    if (this.#request === undefined && this.#wire.framing === "body") this.frame(0, noBytes, 0, 0, true, 0);
    if (this.#outcome !== "open") return;
    const request = this.#request;
    // The handler has it; the call, which may be long in leaving, does not keep it.
    this.#request = undefined;
    if (request === undefined) {
      this.#settle(this.#wrongCount("no message"));
      return;
    }
    this.#inTurn(() => this.#run(request));
  }

  faulted(): void {
    // A server hears of faults at once, past the queue.
  }

  unreadable(error: RpcError): void {
    if (this.#outcome !== "open") return;
    // A message in the URL is an argument, whatever is wrong with it.
    const { code, message, cause } = error;
    const given = code === "internal" && this.#wire.message !== null;
    this.#settle(given ? new RpcError("invalid_argument", message, { cause }) : error);
  }

  // Inside.

  get #single(): boolean {
    const { kind } = this.#endpoint.method;
    return kind === "unary" || kind === "client_streaming";
  }

  #admit(): void {
    if (this.#outcome !== "open") return;
    const { app, method } = this.#endpoint;
    const { framing, text } = this.#wire;
    const reader =
      framing === "body"
        ? new BodyReader(app.maxReceiveBytes, this.#budget, "server", this.#compression !== null)
        : new EnvelopeReader(app.maxReceiveBytes, this.#budget, "server");
    const base64 = text ? new Base64Reader() : null;
    const streamed = method.kind === "client_streaming" || method.kind === "bidi_streaming";
    const intake =
      this.#load === undefined ? app.pace : new CallIntake(this.#load, !streamed, this.#compression !== null);
    const deframer = new Deframer(
      this.#exchange,
      reader,
      base64,
      this.#compression,
      app.maxReceiveBytes,
      intake,
      this,
    );
    this.#deframer = deframer;
    this.#stallWatch = new StallWatch(this.host, deframer, () => this.#settle(stalled(deframer)));
    this.#exchange.resume();
    if (streamed) {
      this.#requests = new RequestStream(deframer, this.#response.heldBack);
      this.#run(this.#requests);
    }
  }

  #run(request: unknown): void {
    const { run, method } = this.#endpoint;
    if (run === undefined) {
      this.#settle(new RpcError("unimplemented", `${method.service}.${method.name} is not implemented`));
      return;
    }
    this.#handler = "running";
    this.#turn.hold();
    let given: unknown;
    try {
      given = this.host.enter(this.#scope, () => run(request, this.#context));
      // Of a foreign thenable nothing is sure, not even that it settles once.
      if (this.#single && !(given instanceof Promise) && isThenable(given)) given = Promise.resolve(given);
    } catch (error) {
      this.#handlerFailed(error);
      return;
    }
    if (!this.#single) this.host.enter(this.#scope, () => void this.#pump(given));
    else if (given instanceof Promise)
      given.then(
        (reply) => this.#reply(reply),
        (error: unknown) => this.#handlerFailed(error),
      );
    else this.#reply(given);
  }

  #reply(reply: unknown): void {
    this.#handlerDone();
    if (this.#outcome !== "open") return;
    this.#inTurn(() => this.#send(reply));
  }

  /** Runs when a message may be encoded, if the call is open then. */
  #inTurn(run: () => void): void {
    if (this.#outcome !== "open") return;
    const turn = this.#response.turn();
    if (turn === undefined) run();
    else void turn.then(() => this.#inTurn(run));
  }

  #send(reply: unknown): void {
    let encoded: EncodedMessage | Promise<EncodedMessage>;
    try {
      encoded = this.#response.encode(reply, this.#endpoint.method.path);
    } catch (error) {
      this.#unwritable(error);
      return;
    }
    if (encoded instanceof Promise) {
      encoded.then(
        (message) => this.#finishWith(message),
        (error: unknown) => this.#unwritable(error),
      );
    } else this.#finishWith(encoded);
  }

  #finishWith(message: EncodedMessage): void {
    if (this.#outcome !== "open") return;
    this.#response.replyWith(message);
    this.#settle(null);
  }

  /** Sends what a handler's sequence gives, as fast as the exchange takes it. */
  async #pump(given: unknown): Promise<void> {
    try {
      const { path } = this.#endpoint.method;
      const iterator = sequenceOf(given, path);
      const inContext = this.host.capture();
      this.#leave = () => {
        this.#leaving = inContext(() => leave(iterator));
      };
      for (;;) {
        const next = await iterator.next();
        if (this.#outcome !== "open") break;
        if (next.done === true) break;
        for (let turn = this.#response.turn(); turn !== undefined; turn = this.#response.turn()) {
          await turn;
          if (this.#outcome !== "open") break;
        }
        if (this.#outcome !== "open") break;
        let room: boolean;
        try {
          let encoded = this.#response.encode(next.value, path);
          if (encoded instanceof Promise) encoded = await encoded;
          if (this.#outcome !== "open") break;
          room = this.#response.write(encoded);
        } catch (error) {
          // The sequence knows nothing of it, and is left.
          this.#unwritable(error);
          break;
        }
        if (!room) await this.#response.room();
        if (this.#outcome !== "open") break;
      }
      if (this.#leaving !== undefined) await this.#leaving;
      this.#handlerDone();
      if (this.#outcome !== "open") return;
      this.#response.finish();
      this.#settle(null);
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #handlerFailed(error: unknown): void {
    this.#handlerDone();
    this.#failed(error);
  }

  #handlerDone(): void {
    if (this.#handler === "done") return;
    this.#handler = "done";
    this.#turn.release();
  }

  /** Ends the call with a response that cannot be sent. Nobody threw it, so that who serves has to be told. */
  #unwritable(error: unknown): void {
    const unheard = isRpcError(error) && briefOf(error) === undefined;
    if (this.#outcome === "open" && unheard) this.#endpoint.app.report(error, this.#context);
    this.#failed(error);
  }

  /** Ends the call with what user code threw, unless that is only the echo of the call's own cancellation. */
  #failed(thrown: unknown): void {
    const { reason } = this.#scope;
    if (
      reason !== undefined &&
      (thrown === reason || isRpcError(thrown) || errorName(thrown) === "AbortError")
    )
      return;
    const brief = briefOf(thrown);
    const toReport = brief !== undefined || !(isRpcError(thrown) || isA(UnreadableRequest, thrown));
    if (toReport) this.#endpoint.app.report(thrown, this.#context);
    if (this.#outcome !== "open") return;
    if (brief === undefined) this.#settle(RpcError.from(thrown));
    else this.#settle(new RpcError((thrown as RpcError).code, brief, { cause: thrown }));
  }

  #overdue(): void {
    this.#endBehindWindow(this.#scope.deadlineExceeded());
  }

  #untaken(outbox: Outbox): void {
    this.#endBehindWindow(untaken(outbox));
  }

  #endBehindWindow(error: RpcError): void {
    if (this.#outcome === "open") {
      this.#settle(error);
      this.#scope.after(this.host.now() + mostFlushMs, () => this.#cut());
    } else this.#cut();
  }

  /** The reply is fixed, but it does not get through. */
  #cut(): void {
    if (this.#carriage === "alive") this.#exchange.reset(ErrorCode.CANCEL);
  }

  #settle(given: RpcError | null): void {
    if (this.#outcome !== "open") return;
    this.#outcome = "settled";
    const error = given === null || this.#carriage !== "alive" ? given : this.#tell(given);
    this.#deframer?.discard();
    this.#observation?.settled(error);
    if (error === null) this.#scope.finish();
    else {
      // Calls that the handler made end with it, also when it is the handler that failed.
      this.#scope.cancel(error);
      this.#requests?.abort(error);
      if (this.#handler !== "done") this.#leave?.();
    }
    this.#leave = undefined;
    this.#response.close(error !== null && this.#handler === "running");
    this.#stallWatch?.release();
    this.#turn.settle();
  }

  /** Tells the client of an error. What it was told: user code may have made of the error what cannot be encoded. */
  #tell(error: RpcError): RpcError {
    try {
      const left = this.#response.fail(error);
      if (left !== null) {
        const text = `the error of ${this.#endpoint.method.path} is larger than clients take, and travels without ${left}: send such data in messages`;
        this.#endpoint.app.report(new Error(text, { cause: error }), this.#context);
      }
      return error;
    } catch (failure) {
      const text = `the error of ${this.#endpoint.method.path} cannot be encoded: ${errorText(failure)}`;
      this.#endpoint.app.report(new Error(text, { cause: error }), this.#context);
      const told = new RpcError("internal", "the error of this call cannot be encoded", { cause: error });
      this.#response.fail(told);
      return told;
    }
  }

  #wrongCount(what: string): RpcError {
    return new RpcError(
      "unimplemented",
      `the request to ${this.#endpoint.method.path} has ${what}: exactly one is required`,
    );
  }
}

const noBytes = /*@__PURE__*/ new Uint8Array(0);

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
