import type { Fields, Peer as WirePeer } from "@millrace/exchange";
import { cancellation } from "../../error.ts";
import { contextValues } from "../../context-values.ts";
import type { ContextValues } from "../../context-values.ts";
import type { Host } from "../../host/host.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Metadata } from "../../metadata.ts";
import type { Method } from "../../method.ts";
import type { Protocol } from "../../protocol/protocol-name.ts";
import type { Peer } from "../call-head.ts";
import type { HandlerCall } from "../handler-call.ts";
import type { HeadChanges } from "../intercepted-call.ts";
import { toPeer } from "../peer.ts";
import type { CallScope } from "../scope.ts";
import type { Turn } from "./turn.ts";

/** The call on the wire, as far as its context shows it. */
export interface WireContext {
  readonly host: Host;
  readonly protocol: Protocol;
  readonly httpMethod: string;
  readonly peer: WirePeer;
  readonly requestFields: Fields;
  readonly responseHeaders: FieldMetadata;
  readonly responseTrailers: FieldMetadata;
  sendHeaders(): void;
  /** What code of the user's holds while it runs, which may be longer than the call. */
  readonly turn: Turn;
}

/** A call in the hands of its gate, observers, interceptors and handler. Everything in it is made on first use. */
export class HandlerContext implements HandlerCall {
  readonly side = "server";
  readonly method: Method;
  readonly scope: CallScope;
  readonly #call: WireContext;
  #requestHeaders: FieldMetadata | undefined;
  #values: ContextValues | undefined;
  #peer: Peer | undefined;

  constructor(call: WireContext, method: Method, scope: CallScope) {
    this.#call = call;
    this.method = method;
    this.scope = scope;
  }

  get protocol(): Protocol {
    return this.#call.protocol;
  }

  get httpMethod(): string {
    return this.#call.httpMethod;
  }

  get peer(): Peer | undefined {
    return (this.#peer ??= toPeer(this.#call.peer));
  }

  get requestHeaders(): Metadata {
    return (this.#requestHeaders ??= FieldMetadata.ofRequest(this.#call.requestFields));
  }

  get responseHeaders(): FieldMetadata {
    return this.#call.responseHeaders;
  }

  get responseTrailers(): FieldMetadata {
    return this.#call.responseTrailers;
  }

  get values(): ContextValues {
    return (this.#values ??= contextValues());
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  get remainingMs(): number {
    return this.scope.remainingMs;
  }

  sendHeaders(): void {
    this.#call.sendHeaders();
  }

  /** Runs user code in the call's context. */
  enter<T>(run: () => T): T {
    return this.#call.host.enter(this.scope, run);
  }

  /** What later runs code in the context of now. */
  capture(): <T>(run: () => T) => T {
    return this.#call.host.capture();
  }

  get turn(): Turn {
    return this.#call.turn;
  }

  /** A copy with changes; its scope ends with this one's. */
  derive(changes: HeadChanges): HandlerContext {
    const { host } = this.#call;
    const scope = this.scope.part(
      changes.timeoutMs === undefined ? Infinity : host.now() + changes.timeoutMs,
    );
    if (changes.signal !== undefined) scope.follow(changes.signal, cancellation);
    const copy = new HandlerContext(this.#call, this.method, scope);
    copy.#values = this.values;
    copy.#requestHeaders = FieldMetadata.ofRequest((this.requestHeaders as FieldMetadata).fields);
    if (changes.headers !== undefined) copy.#requestHeaders.replace(changes.headers);
    return copy;
  }
}
