import type { Message } from "@bufbuild/protobuf";
import type { Fields, ServerExchange } from "@millrace/exchange";
import { isCode } from "../../code.ts";
import { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { HttpRefusal, WireCall } from "../../protocol/server-protocol.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import type { EncodedMessage, MessageEncoder, SendCompression } from "../message-encoder.ts";
import type { Observation } from "../observation.ts";
import type { ConnectionLoad } from "./connection-load.ts";
import { givenMessage } from "./given-message.ts";
import type { Outbox } from "./outbox.ts";

/** Responses held back for a client that listens only when it has said everything: as much as one message may have. */
const mostHeldBytes = 4 * 1024 * 1024;

const headersLeft = "the response headers have left: set them before the first message or sendHeaders()";
const callEnded = "the call has ended";
const none: Fields = [];

/**
 * What a call answers, in the order that the wire wants: its head, messages, the end or an error. The head is `open` for
 * writing, then `asked` for by the handler, then `sent`; or the call is `refused`.
 */
export class OutgoingResponse {
  readonly #exchange: ServerExchange;
  readonly #wire: WireCall;
  readonly #encoder: MessageEncoder<Message>;
  readonly #send: SendCompression | null;
  #observation: Observation | null = null;
  #head: "open" | "asked" | "sent" | "refused" = "open";
  #headers: FieldMetadata | undefined;
  #trailers: FieldMetadata | undefined;
  /** Present while messages wait for the requests to end. */
  #held: Uint8Array[] | undefined;
  #heldBytes = 0;
  readonly #load: ConnectionLoad | undefined;
  readonly #outbox: Outbox | undefined;
  #room: (() => void) | undefined;
  /** Present while a message waits for its connection's load. */
  #turn: { readonly go: () => void; readonly resolve: () => void } | undefined;
  #ended = false;

  /**
   * `heldBack`: the client listens only when it has sent all its requests. `load`, `outbox`: what its connection holds, and
   * what counts there; undefined on a carriage without bounds.
   */
  constructor(
    exchange: ServerExchange,
    wire: WireCall,
    encoder: MessageEncoder<Message>,
    send: SendCompression | null,
    heldBack: boolean,
    load: ConnectionLoad | undefined,
    outbox: Outbox | undefined,
  ) {
    this.#exchange = exchange;
    this.#wire = wire;
    this.#encoder = encoder;
    this.#send = send;
    this.#load = load;
    this.#outbox = outbox;
    if (heldBack) this.#held = [];
  }

  /** Whether nothing leaves yet, since the client listens only when it has sent all its requests. */
  get heldBack(): boolean {
    return this.#held !== undefined;
  }

  /** Who hears of headers and messages from now on. */
  observedBy(observation: Observation | null): void {
    this.#observation = observation;
  }

  get headers(): FieldMetadata {
    if (this.#headers === undefined) {
      this.#headers = new FieldMetadata();
      if (this.#head === "sent" || this.#ended) this.#headers.close(this.#ended ? callEnded : headersLeft);
    }
    return this.#headers;
  }

  get trailers(): FieldMetadata {
    if (this.#trailers === undefined) {
      this.#trailers = new FieldMetadata();
      if (this.#ended) this.#trailers.close(callEnded);
    }
    return this.#trailers;
  }

  /** The handler wants its headers to leave now. */
  sendHeaders(): void {
    if (this.#head !== "open") return;
    this.#head = "asked";
    this.#observation?.headers(this.headers);
    this.headers.close(headersLeft);
    // A head that carries the trailers waits for them; one that is held back waits for the requests to end.
    if (this.#wire.framing === "envelope" && this.#held === undefined) {
      this.#sendHead();
      this.#exchange.flush();
    }
  }

  /** Undefined: a message may be encoded now. Else resolves when to ask again, or none is wanted any more. */
  turn(): Promise<void> | undefined {
    const load = this.#load;
    if (load === undefined || (!this.#crowds(load) && load.pace.goesOn)) return undefined;
    return new Promise((resolve) => {
      const go = (): void => {
        if (this.#crowds(load)) load.wait(go);
        else if (load.pace.admits(go)) {
          this.#turn = undefined;
          resolve();
        }
      };
      this.#turn = { go, resolve };
      go();
    });
  }

  /** Throws RpcError, and TypeError for what is no message. */
  encode(given: unknown, path: string): EncodedMessage | Promise<EncodedMessage> {
    const encoded = this.#encoder.encode(givenMessage(given, path), this.#send, false);
    const load = this.#load;
    if (load === undefined) return encoded;
    if (encoded instanceof Promise) {
      const packed = (): void => load.packed();
      load.packing();
      encoded.then(packed, packed);
    } else load.pace.spend(encoded.chunk.length);
    return encoded;
  }

  /** The one response of a call, and its end: in one write where nothing of it has left yet. */
  replyWith(message: EncodedMessage): void {
    const trailers = this.#trailerFields;
    if (this.#head === "sent") {
      this.#out.write(message.chunk);
      this.#end(null, trailers);
    } else {
      const compressed = this.#wire.framing === "envelope" || message.compressed;
      const head = this.#wire.respond(this.#headerFields, compressed ? this.#encoding : null, trailers);
      const end = this.#wire.end(null, trailers);
      const body = end.frame === null ? message.chunk : concat(message.chunk, this.#encoder.frame(end.frame));
      if (this.#head === "open") this.#observation?.headers(this.headers);
      this.#head = "sent";
      this.#out.reply(head.status, head.fields, body, end.trailers);
    }
    this.#observation?.sent(message.size);
  }

  /** One of several responses. Whether there is room for more. Throws RpcError if too much is held back. */
  write(message: EncodedMessage): boolean {
    this.#observation?.sent(message.size);
    if (this.#held === undefined) {
      if (this.#head !== "sent") this.#sendHead();
      return this.#out.write(message.chunk);
    }
    this.#heldBytes += message.chunk.length;
    this.#held.push(message.chunk);
    if (this.#heldBytes <= mostHeldBytes) return true;
    throw new RpcError(
      "resource_exhausted",
      `over HTTP/${this.#exchange.caps.http} responses wait until the requests have ended, and ${this.#heldBytes} bytes are waiting: use HTTP/2`,
    );
  }

  /** Resolves when there is room again, or none is needed any more. */
  room(): Promise<void> {
    return new Promise((resolve) => (this.#room = resolve));
  }

  writable(): void {
    if (this.#outbox === undefined || this.#outbox.writable()) this.#admit();
  }

  /** The exchange is closed, as Sink.closed() tells. */
  closed(delivered: boolean): void {
    this.#outbox?.closed(delivered);
  }

  #admit(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.();
  }

  /** The client listens from now on: sends what was held back for it. */
  release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    if (held.length === 0 && this.#head === "open") return;
    this.#sendHead();
    for (const chunk of held) this.#out.write(chunk);
    this.#exchange.flush();
  }

  /** The end of several responses. */
  finish(): void {
    this.release();
    if (this.#head !== "sent") this.#sendHead();
    this.#end(null, this.#trailerFields);
  }

  /** A bare HTTP answer, in place of the error that the call then ends with. */
  refuse(refusal: HttpRefusal): void {
    this.#head = "refused";
    answerBare(this.#exchange, refusal);
  }

  /**
   * Tells the client of an error, in whatever state the response is. Throws before it has if it cannot be encoded. Gives
   * what of it does not travel, in words; null if all of it does.
   */
  fail(given: RpcError): string | null {
    if (this.#head === "refused") return null;
    if (!isCode(given.code)) throw new TypeError(`${JSON.stringify(given.code)} is not an RPC code`);
    if (typeof given.message !== "string") throw new TypeError("the message of an RpcError is not a string");
    this.release();
    const metadata = given.isRemote ? none : (given.metadata as FieldMetadata).fields;
    const inHead = this.#wire.framing === "body";
    const allTrailers = inHead ? this.#trailerFields : [...this.#trailerFields, ...metadata];
    const cut = this.#wire.cut(given, allTrailers);
    const { error, trailers } = cut ?? { error: given, trailers: allTrailers };
    if (this.#head === "sent") this.#end(error, trailers);
    else {
      const headers = inHead ? [...this.#headerFields, ...metadata] : this.#headerFields;
      const { status, fields, body, trailers: last } = this.#wire.fail(error, headers, trailers);
      this.#out.reply(status, fields, body === null ? null : this.#encoder.frame(body), last);
    }
    return cut?.left ?? null;
  }

  /**
   * Nothing more is said. A write to headers or trailers throws from now on, unless the handler still runs, whose client
   * went away: it has done nothing wrong.
   */
  close(handlerRuns: boolean): void {
    this.#held = undefined;
    this.#admit();
    if (this.#turn !== undefined) {
      this.#load?.forget(this.#turn.go);
      this.#load?.pace.forget(this.#turn.go);
      this.#turn.resolve();
      this.#turn = undefined;
    }
    if (handlerRuns) return;
    this.#ended = true;
    this.#headers?.close(callEnded);
    this.#trailers?.close(callEnded);
  }

  get #out(): Pick<ServerExchange, "write" | "reply" | "end"> {
    return this.#outbox ?? this.#exchange;
  }

  #crowds(load: ConnectionLoad): boolean {
    return load.full || (this.#send !== null && load.busy);
  }

  get #encoding(): string | null {
    return this.#send?.algorithm.name ?? null;
  }

  get #headerFields(): Fields {
    return this.#headers?.fields ?? none;
  }

  get #trailerFields(): Fields {
    return this.#trailers?.fields ?? none;
  }

  #sendHead(): void {
    if (this.#head === "open") this.#observation?.headers(this.headers);
    this.#head = "sent";
    const { status, fields } = this.#wire.respond(this.#headerFields, this.#encoding, none);
    this.#headers?.close(headersLeft);
    this.#exchange.respond(status, fields);
  }

  #end(error: RpcError | null, given: Fields): void {
    const { frame, trailers } = this.#wire.end(error, given);
    if (frame !== null) this.#out.write(this.#encoder.frame(frame));
    this.#out.end(trailers);
  }
}

/** Answers with an HTTP status that no protocol shapes. */
export function answerBare(exchange: ServerExchange, { status, fields, text }: HttpRefusal): void {
  const body = encodeUtf8(`${text}\n`);
  exchange.reply(status, ["content-type", "text/plain; charset=utf-8", ...fields], body, null);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
