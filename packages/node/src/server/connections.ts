import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

import { peerOf } from "../socket/peer.ts";
import { tellProtocol } from "./first-bytes.ts";
import { Http1Connections, type Http1Options } from "./http1-connections.ts";
import { Http2Connections, type Http2Options } from "./http2-connections.ts";

/**
 * All connections of one server, whichever address they came to, from the accepted socket on: what each one speaks, and
 * when none is left.
 */
export class Connections {
  readonly #options: Http1Options & Http2Options;
  readonly #http1: Http1Connections;
  readonly #http2: Http2Connections;
  /** Every socket, also those of which nothing is known yet. */
  readonly #sockets = new Set<Socket>();
  /** What drain() waits for: connections that speak HTTP, or have been handed to the upgrade hook. */
  readonly #standing = new Set<Socket>();
  #onEmpty: (() => void) | undefined;

  constructor(options: Http1Options & Http2Options) {
    this.#options = options;
    this.#http1 = new Http1Connections(options);
    this.#http2 = new Http2Connections(options);
  }

  /** A socket that was accepted, before anything is known of it. */
  track(socket: Socket): void {
    this.#sockets.add(socket);
    // A socket's error without a listener ends the process. What it means, the exchanges on it say.
    socket.on("error", ignore);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** A cleartext connection: its first bytes tell what it speaks. */
  clear(socket: Socket, unixPath: string | undefined): void {
    const { address } = peerOf(socket, socket, unixPath);
    tellProtocol(socket, this.#options.limits.handshakeTimeoutMs, (first) => {
      if (first === "http1") this.#serve(socket, this.#http1);
      else if (first === "http2") this.#serve(socket, this.#http2);
      else {
        const text = FIRST_BYTES_FAILURES[first];
        if (text !== undefined) this.#options.report({ address, text });
        socket.destroy();
      }
    });
  }

  /** A TLS connection whose handshake is over: ALPN has told what it speaks. */
  secure(socket: TLSSocket, unixPath: string | undefined): void {
    peerOf(socket, socket, unixPath);
    if (socket.alpnProtocol === "h2") this.#serve(socket, this.#http2);
    else this.#serve(socket, this.#http1);
  }

  /** A connection that speaks HTTP/2, whatever comes. */
  http2(socket: Socket, unixPath: string | undefined): void {
    peerOf(socket, socket, unixPath);
    this.#serve(socket, this.#http2);
  }

  /** Tells every connection that it is to end; each closes when nothing runs on it. Resolves when none stands. */
  async drain(): Promise<void> {
    this.#http1.drain();
    this.#http2.drain();
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      this.#lookEmpty();
    });
  }

  /** Ends what still runs, now. */
  cut(): void {
    this.#http1.cut();
    this.#http2.cut();
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  #serve(socket: Socket, by: Http1Connections | Http2Connections): void {
    this.#standing.add(socket);
    socket.once("close", () => {
      this.#standing.delete(socket);
      this.#lookEmpty();
    });
    by.serve(socket);
  }

  #lookEmpty(): void {
    if (this.#standing.size === 0) this.#onEmpty?.();
  }
}

const FIRST_BYTES_FAILURES: { readonly [first: string]: string | undefined } = {
  tls: "a TLS client came to a cleartext port",
  silent: "the connection said nothing, or half of an HTTP/2 preface",
};

function ignore(): void {}
