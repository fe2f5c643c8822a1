import type { Message } from "@bufbuild/protobuf";
import { ErrorCode } from "@millrace/exchange";
import type {
  Caps,
  ClientSink,
  Exchange,
  Fault,
  Fields,
  Head,
  Hints,
  Peer,
  RequestHead,
} from "@millrace/exchange";
import { errorText, RpcError } from "../../error.ts";
import type { Codec } from "../../method.ts";
import type { Outcome, RequestFacts, WireResponse } from "../../protocol/client-protocol.ts";
import { shortened } from "../../shortened.ts";
import { faultToError } from "../fault-error.ts";
import { BodyReader, EnvelopeReader } from "../frame-reader.ts";
import { Deframer } from "../deframer.ts";
import type { FrameSink } from "../deframer.ts";
import { ForeignText, hasForeignText } from "./foreign-text.ts";
import type { TransportCore } from "./transport-core.ts";

/** What an attempt tells the call that owns it. */
export interface AttemptOwner<O> {
  sent(peer: Peer, caps: Caps): void;
  /** The response's headers; the call is committed to this attempt. */
  headers(fields: Fields): void;
  /** `size` is what it was on the wire, `bytes` unpacked. */
  message(message: O, size: number, bytes: number): void;
  /** The peer's word on how the call ended. */
  ended(outcome: Outcome): void;
  /** The attempt failed without it. */
  failed(error: RpcError): void;
  /** The attempt died before anything was heard. True: another one follows it, when it has closed. */
  retries(fault: Fault, wasSent: boolean): boolean;
  writable(): void;
  closed(delivered: boolean): void;
  readonly pastDeadline: boolean;
}

/** One exchange of a call: reads the response, and says what became of it. */
export class Attempt<O extends Message> implements ClientSink, FrameSink {
  readonly #core: TransportCore;
  readonly #owner: AttemptOwner<O>;
  readonly #facts: RequestFacts;
  readonly #output: Codec<O>;
  readonly #limit: number;
  #exchange: Exchange | undefined;
  #response: WireResponse | undefined;
  #deframer: Deframer | undefined;
  #foreign: ForeignText | undefined;
  #deadline = Infinity;
  #heldHead: Fields | undefined;
  #wasSent = false;
  #framesSeen = false;
  #outcome: Outcome | undefined;
  /** A deadline strikes for a call and for each of its interceptors. */
  #abandoned = false;

  constructor(
    core: TransportCore,
    owner: AttemptOwner<O>,
    facts: RequestFacts,
    output: Codec<O>,
    limit: number,
  ) {
    this.#core = core;
    this.#owner = owner;
    this.#facts = facts;
    this.#output = output;
    this.#limit = limit;
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints): void {
    this.#deadline = hints.deadline;
    this.#exchange = this.#core.connector.open(head, body, hints, this);
  }

  write(chunk: Uint8Array): boolean {
    return this.#exchange!.write(chunk);
  }

  endRequests(): void {
    this.#exchange!.end(null);
  }

  /** Nothing of it is wanted any more. */
  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#deframer?.discard();
    this.#foreign?.discard();
    this.#exchange?.reset(ErrorCode.CANCEL);
  }

  pause(): void {
    this.#deframer?.pause();
  }

  resume(): void {
    this.#deframer?.resume();
  }

  // The exchange's events.

  sent(peer: Peer, caps: Caps): void {
    this.#wasSent = true;
    this.#owner.sent(peer, caps);
  }

  inform(): void {
    // Interim responses carry nothing that RPC uses.
  }

  head(status: number, head: Head): void {
    const core = this.#core;
    const response = core.protocol.response(this.#facts, status, head.fields);
    this.#response = response;
    if (response.failure !== null) {
      if (hasForeignText(response.failure, head.fields)) {
        this.#foreign = new ForeignText(response.failure, core.host, this.#deadline, (failure) =>
          this.#owner.failed(failure),
        );
      } else this.#owner.failed(response.failure);
      return;
    }
    const compression =
      response.encoding === null ? null : core.accept.find(({ name }) => name === response.encoding);
    if (compression === undefined) {
      const asked = core.acceptEncodings.join(", ") || "none";
      this.#owner.failed(
        new RpcError(
          "internal",
          `the response is compressed with ${JSON.stringify(shortened(response.encoding!, 32))}, which was not asked for: ${asked}`,
        ),
      );
      return;
    }
    const reader =
      response.framing === "body"
        ? new BodyReader(this.#limit, core.budget, "client", compression !== null)
        : new EnvelopeReader(this.#limit, core.budget, "client");
    this.#deframer = new Deframer(this.#exchange!, reader, null, compression, this.#limit, core.pace, this);
    if (response.trailersOnly) this.#heldHead = head.fields;
    else if (response.content === "messages") this.#owner.headers(head.fields);
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    if (this.#heldHead !== undefined) {
      const fields = this.#heldHead;
      this.#heldHead = undefined;
      this.#owner.headers(fields);
    }
    this.#deframer?.data(chunk, start, end);
    this.#foreign?.data(chunk, start, end);
  }

  end(trailers: Fields | null): void {
    if (this.#deframer !== undefined) this.#deframer.end(trailers);
    else if (this.#foreign !== undefined) this.#foreign.end();
    else if (this.#response === undefined)
      this.#owner.failed(new RpcError("internal", "the response has no head"));
  }

  fault(fault: Fault): void {
    if (this.#response === undefined && this.#owner.retries(fault, this.#wasSent)) return;
    if (this.#foreign !== undefined) this.#foreign.end();
    else if (this.#deframer === undefined) this.faulted(fault);
    else this.#deframer.fault(fault);
  }

  writable(): void {
    this.#owner.writable();
  }

  closed(delivered: boolean): void {
    this.#owner.closed(delivered);
  }

  // The frames of the response, in order.

  frame(flags: number, buf: Uint8Array, start: number, end: number, owned: boolean, size: number): void {
    const response = this.#response!;
    this.#framesSeen = true;
    if (this.#outcome !== undefined) {
      this.unreadable(new RpcError("internal", "the response goes on behind the message that ends it"));
    } else if (response.content === "error") {
      this.#outcome = response.readEnd(buf.subarray(start, end));
    } else if (flags === 0) {
      this.#message(buf, start, end, owned, size);
    } else if (flags === response.endFlag) {
      this.#outcome = response.readEnd(buf.subarray(start, end));
    } else {
      this.unreadable(
        new RpcError(
          "internal",
          `a response's envelope has flags 0x${flags.toString(16).padStart(2, "0")}: these bits are reserved`,
        ),
      );
    }
  }

  ended(trailers: Fields | null, empty: boolean): void {
    const response = this.#response!;
    if (response.framing === "body" && response.content === "messages" && !this.#framesSeen) {
      this.#message(noBytes, 0, 0, true, 0);
    }
    this.#owner.ended(this.#outcome ?? response.finish(trailers, empty));
  }

  faulted(fault: Fault): void {
    // A reset behind a complete response takes nothing back (RFC 9113 section 8.1).
    if (this.#outcome !== undefined) this.#owner.ended(this.#outcome);
    else this.#owner.failed(faultToError(fault, "client", this.#owner.pastDeadline));
  }

  unreadable(error: RpcError): void {
    // On this side of the wire it is not an argument that was wrong.
    const code = error.code === "invalid_argument" ? "internal" : error.code;
    this.#owner.failed(new RpcError(code, error.message, { cause: error.cause }));
  }

  #message(buf: Uint8Array, start: number, end: number, owned: boolean, size: number): void {
    let message: O;
    try {
      message = this.#output.decode(buf, start, end, owned);
    } catch (cause) {
      const why = shortened(errorText(cause), 500);
      this.#owner.failed(
        new RpcError("internal", `cannot decode ${this.#output.typeName}: ${why}`, { cause }),
      );
      return;
    }
    this.#owner.message(message, size, end - start);
  }
}

const noBytes = /*@__PURE__*/ new Uint8Array(0);
