import { isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, TLSSocket } from "node:tls";
import type { Fault } from "@millrace/exchange";
import type { KeepaliveOptions } from "@millrace/http2";
import { nodeHost } from "../host/node-host.ts";
import type { BaseUrl } from "./base-url.ts";
import type { ClientTls } from "./client-tls.ts";
import { alpnText, connectFault, endpoint, socketFault } from "./connect-failure.ts";
import { HappyEyeballs } from "./happy-eyeballs.ts";
import type { TlsSessions } from "./tls-sessions.ts";

/** What a TLS connection is made with. */
export interface TargetTls extends Pick<ClientTls, "servername" | "rejectUnauthorized"> {
  readonly secureContext: SecureContext;
  /** There is a client certificate in it. */
  readonly certified: boolean;
  readonly sessions: TlsSessions;
}

/** How to reach an origin. */
export interface Target {
  readonly url: BaseUrl;
  /** For https; what names and keys there are has been read already. */
  readonly tls?: TargetTls | undefined;
  /** For TCP, TLS and, with HTTP/2, the server's SETTINGS; milliseconds. */
  readonly connectTimeoutMs: number;
  /** What is sent there needs HTTP/2 (gRPC), so that a failure proposes nothing else. */
  readonly needsHttp2?: boolean | undefined;
  /** For HTTP/2: how a server that says nothing is found dead. Undefined: by TCP alone. */
  readonly keepalive?: KeepaliveOptions | undefined;
}

/** What becomes of a dial(): one of the two, once, never from inside dial(). */
export interface Dialled {
  connected(socket: Socket): void;
  failed(fault: Fault): void;
}

/** A connection that is being made. */
export interface Dialling {
  /** Whether it keeps the process alive; it does at first. */
  hold(wanted: boolean): void;
  /** Gives it up, without a word. */
  abandon(): void;
}

function tlsOver(socket: Socket, { url, tls }: Target, alpn: readonly string[]): TLSSocket {
  // An address is no name that SNI could carry (RFC 6066 section 3).
  const servername = tls?.servername ?? (isIP(url.hostname) === 0 ? url.hostname : undefined);
  const session = tls?.sessions.take();
  const secured = connectTls({
    socket,
    host: url.hostname,
    ALPNProtocols: [...alpn],
    ...(servername === undefined ? {} : { servername }),
    ...(tls === undefined ? {} : { secureContext: tls.secureContext }),
    ...(tls?.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: tls.rejectUnauthorized }),
    ...(session === undefined ? {} : { session: session.bytes }),
  });
  tls?.sessions.listen(secured, session);
  return secured;
}

/** Null if what was agreed by ALPN is among what was offered. */
function alpnFault(target: Target, socket: Socket, offered: readonly string[]): Fault | null {
  if (!(socket instanceof TLSSocket)) return null;
  // A server without ALPN serves HTTP/1.1, as before RFC 7301.
  const agreed = socket.alpnProtocol || "";
  if (offered.includes(agreed === "" ? "http/1.1" : agreed)) return null;
  const outcome = agreed === "" ? "the server chose none" : `the server chose ${agreed}`;
  return connectFault(alpnText({ ...target.url, needsHttp2: target.needsHttp2 }, offered, outcome));
}

/**
 * Opens a TCP or TLS connection, outside every call. The socket that it gives has an error listener.
 */
export function dial(target: Target, alpn: readonly string[], dialled: Dialled): Dialling {
  return nodeHost.root(() => new Dial(target, alpn, dialled));
}

class Dial implements Dialling {
  readonly #target: Target;
  readonly #alpn: readonly string[];
  readonly #dialled: Dialled;
  readonly #race: HappyEyeballs;
  readonly #cancelTimer: () => void;
  #state: "connecting" | "done" = "connecting";
  #holds = true;
  /** Once there is one that is connected. */
  #socket: Socket | undefined;

  constructor(target: Target, alpn: readonly string[], dialled: Dialled) {
    this.#target = target;
    this.#alpn = alpn;
    this.#dialled = dialled;
    const { url, connectTimeoutMs } = target;
    this.#cancelTimer = nodeHost.timer(nodeHost.now() + connectTimeoutMs, () =>
      this.#fail(connectFault(`cannot connect to ${endpoint(url)} within ${connectTimeoutMs} ms`)),
    );
    this.#race = new HappyEyeballs(url.hostname, url.port, {
      connected: (socket) => this.#reached(socket),
      failed: (error) => this.#failed(error),
    });
  }

  hold(wanted: boolean): void {
    this.#holds = wanted;
    this.#race.hold(wanted);
    if (wanted) this.#socket?.ref();
    else this.#socket?.unref();
  }

  abandon(): void {
    if (!this.#settle()) return;
    this.#race.abandon();
    this.#socket?.destroy();
  }

  #reached(tcp: Socket): void {
    const { url } = this.#target;
    tcp.setNoDelay(true);
    tcp.setKeepAlive(true, 60_000);
    const isTls = url.scheme === "https";
    let socket = tcp;
    try {
      if (isTls) socket = tlsOver(tcp, this.#target, this.#alpn);
    } catch (error) {
      // Options that node refuses, such as a key that is none.
      tcp.destroy();
      return this.#fail(connectFault(`cannot connect to ${endpoint(url)}: ${String(error)}`, error));
    }
    this.#socket = socket;
    if (!this.#holds) socket.unref();
    socket.on("error", (error) => this.#failed(error));
    if (!isTls) return this.#connected(socket);
    socket.once("close", () =>
      this.#fail(connectFault(`${endpoint(url)} closed the connection while it was being made`)),
    );
    socket.once("secureConnect", () => {
      const fault = alpnFault(this.#target, socket, this.#alpn);
      if (fault === null) this.#connected(socket);
      else this.#fail(fault);
    });
  }

  #connected(socket: Socket): void {
    if (this.#settle()) this.#dialled.connected(socket);
  }

  #failed(error: unknown): void {
    const { url, tls, needsHttp2 } = this.#target;
    const certified = tls?.certified === true;
    const { hostname, port } = url;
    const isTls = url.scheme === "https";
    const wanted = { hostname, port, tls: isTls, alpn: this.#alpn, certified, needsHttp2 };
    this.#fail(socketFault(wanted, error));
  }

  #fail(fault: Fault): void {
    if (!this.#settle()) return;
    this.#race.abandon();
    this.#socket?.destroy();
    this.#dialled.failed(fault);
  }

  /** False: it was already. */
  #settle(): boolean {
    if (this.#state === "done") return false;
    this.#state = "done";
    this.#cancelTimer();
    return true;
  }
}
