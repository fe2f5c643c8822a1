/// <reference lib="esnext.disposable" preserve="true" />
import type { ClientSink, Connector, Exchange, Hints, Peer, RequestHead } from "@millrace/exchange";
import { type ClientConnectionOptions, ClientConnection as ClientSide } from "./client-connection.ts";
import type { Duplex } from "./duplex.ts";
import type { Goaway } from "./goaway.ts";
import type { Limits } from "./limits.ts";
import type { Runtime } from "./runtime.ts";
import { ServerConnection as ServerSide, type ServerConnectionOptions } from "./server-connection.ts";
import type { WindowBudget } from "./window-budget.ts";

/** A server's side of a connection (RFC 9113). It begins when it is made: SETTINGS go out, and the duplex is read. */
export interface ServerConnection extends AsyncDisposable {
  /**
   * Takes no new streams, and closes when those that run have ended. In two steps, so that no request is lost (RFC 9113 section
   * 6.8). It does not bound how long they run: close() does.
   */
  drain(): void;
  /** drain(), and abort() after `graceMs` milliseconds. Resolves behind the last exchange. May be called again, with less grace. */
  close(graceMs: number): Promise<void>;
  /** Cuts what runs, and closes: GOAWAY says so for all of it. */
  abort(): void;
  /** close(), with 10,000 ms of grace. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Throws a `TypeError` for a `keepalive` that cannot be. */
export const ServerConnection: new (
  duplex: Duplex,
  runtime: Runtime,
  limits: Limits,
  budget: WindowBudget,
  options: ServerConnectionOptions,
) => ServerConnection = ServerSide;

/** A client's side of a connection (RFC 9113). Requests wait for the peer's SETTINGS, and for room under its limit of streams. */
export interface ClientConnection extends Connector, AsyncDisposable {
  /** As the options had it. */
  readonly peer: Peer;
  /** As the options had it. */
  readonly name: string;
  /** How many streams may be opened now: 0 until SETTINGS have come, and when no more are taken. May be Infinity. */
  readonly room: number;
  /** What the peer did wrong, in one line, once the connection ends for it. */
  readonly problem: string | undefined;
  /** What the peer said last, if it did. */
  readonly goawaySaid: Goaway | undefined;
  /** As Connector has it: at once, or as soon as there is room. Hints are for those who choose between connections. */
  open(
    head: RequestHead,
    body: Uint8Array | null | undefined,
    hints: Hints | undefined,
    sink: ClientSink,
  ): Exchange;
  /** Takes no new streams, gives those that run `graceMs` milliseconds, and then cuts them. Resolves when all have ended. */
  close(graceMs: number): Promise<void>;
  /** Takes no new streams, and closes behind the last. */
  retire(): void;
  /** Cuts what runs, and closes: GOAWAY says so for all of it. */
  abort(): void;
  /** close(), with no grace: what runs is of no use to who leaves. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Throws a `TypeError` for a `keepalive` that cannot be. */
export const ClientConnection: new (
  duplex: Duplex,
  runtime: Runtime,
  limits: Limits,
  budget: WindowBudget,
  options: ClientConnectionOptions,
) => ClientConnection = ClientSide;
