import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type * as tls from "node:tls";

import type { OptionNames } from "@millrace/core/host";

import type { ServerKeepalive } from "../socket/keepalive.ts";
import type { ServerLimitOptions } from "./limits.ts";

/** TLS of a server; each as in node:tls. ALPN offers `h2` and, unless `httpVersion` is "2", `http/1.1`. */
export type ServerTls = Pick<
  tls.TlsOptions,
  | "key"
  | "cert"
  | "passphrase"
  | "pfx"
  | "ca"
  | "crl"
  | "requestCert"
  | "rejectUnauthorized"
  | "minVersion"
  | "maxVersion"
  | "ciphers"
  | "honorCipherOrder"
  | "sigalgs"
  | "ecdhCurve"
  | "dhparam"
  | "SNICallback"
  | "sessionTimeout"
  | "ticketKeys"
>;

/** One place to listen on: a port or a Unix socket. */
export interface ListenAddress {
  /** 0, or absent: one that is free; the server's `url` names it. */
  readonly port?: number | undefined;
  /** An address or a name of this machine. Absent: all its addresses, IPv6 and IPv4. */
  readonly host?: string | undefined;
  /** A Unix socket's path, instead of port and host. A socket file that nobody serves any more is replaced. */
  readonly path?: string | undefined;
  /** Absent: cleartext, HTTP/1.1 and HTTP/2 told apart by the first bytes. */
  readonly tls?: ServerTls | undefined;
  /** "2": HTTP/2 alone, as for gRPC; who speaks HTTP/1.1 is sent away. Absent: both. */
  readonly httpVersion?: "2" | undefined;
}

export const addressOptions: OptionNames<ListenAddress> = {
  port: true,
  host: true,
  path: true,
  tls: true,
  httpVersion: true,
};

/**
 * Takes a connection over, as WebSockets do (RFC 9110 section 7.8), and answers true; `head` is what has been read behind
 * the request. False: not wanted, the request is served as if it had not asked.
 */
export type UpgradeHook = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** A connection that failed before or beside its requests; nobody's call. */
export interface ConnectionFailure {
  /** The peer's address, as in Peer. */
  readonly address: string;
  /** One line for people. */
  readonly text: string;
  readonly cause?: unknown;
}

/** What listen() takes. */
export interface ListenOptions extends ListenAddress {
  /** Several places instead of one. */
  readonly addresses?: readonly ListenAddress[] | undefined;
  /** HTTP/1.1: takes over connections that ask for another protocol. Default: none, such requests are served as usual. */
  readonly upgrade?: UpgradeHook | undefined;
  /** Other bounds than the defaults. */
  readonly limits?: ServerLimitOptions | undefined;
  /**
   * HTTP/2: a client that says nothing is asked by PING whether it lives. Without an answer its calls are canceled. Default:
   * after 300,000 ms, 20,000 ms to answer. False: never.
   */
  readonly keepalive?: ServerKeepalive | false | undefined;
  /** For logs: failed TLS handshakes, broken HTTP/2 connections, connections that never said anything. */
  readonly onConnectionFailure?: ((failure: ConnectionFailure) => void) | undefined;
}

/** Those beside the ones of an address. */
export const listenOptions: OptionNames<Omit<ListenOptions, keyof ListenAddress>> = {
  addresses: true,
  upgrade: true,
  limits: true,
  keepalive: true,
  onConnectionFailure: true,
};

/** How a server closes. */
export interface CloseOptions {
  /** How long what runs may take to end, in milliseconds. 10,000; 0 cuts it at once. */
  readonly graceMs?: number | undefined;
}

export const closeOptions: OptionNames<CloseOptions> = { graceMs: true };

/** A server that listens. */
export interface Listening extends AsyncDisposable {
  /** The first of `urls`. */
  readonly url: string;
  /** `http://host:port`, `https://host:port` or `unix:PATH`, one for each address, in their order. */
  readonly urls: readonly string[];
  /**
   * Takes no new connections, tells those that stand (GOAWAY, `connection: close`), gives running exchanges `graceMs`
   * milliseconds (10,000 if absent), and then cuts them. One that was accepted just before and has said nothing counts as
   * running until its first request is through, or `handshakeTimeoutMs` is over; an idle one over HTTP/1.1 stays 250 ms, for
   * what is on its way. 0 cuts at once. Again: the shorter time counts. Rejects with a TypeError for what is none of them.
   */
  close(options?: CloseOptions): Promise<void>;
}
