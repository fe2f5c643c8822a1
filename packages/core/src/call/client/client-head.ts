import type { Peer as WirePeer } from "@millrace/exchange";
import { contextValues } from "../../context-values.ts";
import type { ContextValues } from "../../context-values.ts";
import type { FieldMetadata, Metadata } from "../../metadata.ts";
import type { Method } from "../../method.ts";
import type { Protocol } from "../../protocol/protocol-name.ts";
import type { CallHead, Peer } from "../call-head.ts";
import { toPeer } from "../peer.ts";
import type { CallScope } from "../scope.ts";
import type { TransportCore } from "./transport-core.ts";

/** A call's head on the client, from which exchanges are opened. */
export class ClientHead implements CallHead {
  readonly side = "client";
  readonly core: TransportCore;
  readonly method: Method;
  readonly scope: CallScope;
  readonly headers: FieldMetadata;
  readonly maxReceiveBytes: number;
  #values: ContextValues | undefined;
  readonly #parent: ClientHead | undefined;
  #wirePeer: WirePeer | undefined;
  #peer: Peer | undefined;

  constructor(
    core: TransportCore,
    method: Method,
    scope: CallScope,
    headers: FieldMetadata,
    values: ContextValues | undefined,
    maxReceiveBytes: number,
    parent?: ClientHead,
  ) {
    this.core = core;
    this.method = method;
    this.scope = scope;
    this.headers = headers;
    this.#values = values;
    this.maxReceiveBytes = maxReceiveBytes;
    this.#parent = parent;
  }

  get protocol(): Protocol {
    return this.core.protocol.name;
  }

  get peer(): Peer | undefined {
    if (this.#wirePeer !== undefined) this.#peer ??= toPeer(this.#wirePeer);
    return this.#peer;
  }

  get requestHeaders(): Metadata {
    return this.headers;
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

  /** The request is on the wire. */
  sentTo(peer: WirePeer): void {
    this.#tellPeer(peer);
    this.headers.close("the request's headers have left: set them before next()");
  }

  #tellPeer(peer: WirePeer): void {
    this.#wirePeer = peer;
    if (this.#parent !== undefined) this.#parent.#tellPeer(peer);
  }

  /** A copy with other headers, in a scope of its own. */
  derive(scope: CallScope, headers: FieldMetadata): ClientHead {
    return new ClientHead(this.core, this.method, scope, headers, this.values, this.maxReceiveBytes, this);
  }
}
