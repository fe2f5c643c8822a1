import type { Socket } from "node:net";
import type { Peer } from "@millrace/exchange";
import { Client, type Dispatcher } from "undici";
import { peerOf } from "../socket/peer.ts";
import { DialFailure, unwanted } from "./dial-failure.ts";
import { dial, type Dialling, type Target } from "./dial.ts";

/** What an exchange hears of its connection before undici starts it. */
export interface Http1Carried extends Dispatcher.DispatchHandler {
  onConnection(connection: Http1Connection): void;
}

type Connected = (...args: [error: null, socket: Socket] | [error: Error, socket: null]) => void;

function isCarried(handler: Dispatcher.DispatchHandler): handler is Http1Carried {
  return "onConnection" in handler;
}

/** One connection of undici's pool, which makes its own sockets and tells each exchange that goes over it. */
export class Http1Connection extends Client {
  readonly #target: Target;
  #spare: Socket | undefined;
  #dialling: { readonly attempt: Dialling; readonly connected: Connected } | undefined;
  #socket: Socket | undefined;
  #peer: Peer | undefined;
  #error: Error | undefined;

  /** With `spare`, the first socket is one that is made already. */
  constructor(origin: URL, options: Client.Options, target: Target, spare: Socket | undefined) {
    super(origin, { ...options, connect: (_: unknown, connected: Connected) => this.#connect(connected) });
    this.#target = target;
    this.#spare = spare;
  }

  /** Known once an exchange has started. */
  get socket(): Socket {
    return this.#socket as Socket;
  }

  /** Known once an exchange has started. */
  get peer(): Peer {
    return this.#peer as Peer;
  }

  /** What the socket said when it broke; undici may tell of the end that came of it. */
  get error(): Error | undefined {
    return this.#error;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (isCarried(handler)) handler.onConnection(this);
    return super.dispatch(options, handler);
  }

  /** The exchange that waited for the connection to be made waits no more; undici gives each one only to one. */
  unwanted(): void {
    const dialling = this.#dialling;
    if (dialling === undefined) return;
    this.#dialling = undefined;
    dialling.attempt.abandon();
    dialling.connected(unwanted(this.#target), null);
  }

  #connect(connected: Connected): void {
    // A turn later, as a socket of its own would come: undici is in the middle of asking.
    process.nextTick(() => this.#connectNow(connected));
  }

  #connectNow(connected: Connected): void {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare?.destroyed === false) {
      this.#have(spare);
      connected(null, spare);
      return;
    }
    const attempt = dial(this.#target, ["http/1.1"], {
      connected: (socket) => {
        this.#dialling = undefined;
        this.#have(socket);
        connected(null, socket);
      },
      failed: (fault) => {
        this.#dialling = undefined;
        connected(new DialFailure(fault), null);
      },
    });
    this.#dialling = { attempt, connected };
  }

  #have(socket: Socket): void {
    this.#socket = socket;
    this.#error = undefined;
    socket.once("error", (error) => {
      if (this.#socket === socket) this.#error = error;
    });
    this.#peer = peerOf(socket, socket);
  }
}
