import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, TLSSocket } from "node:tls";
import type { Fault } from "@millrace/exchange";
import type { KeepaliveOptions } from "@millrace/http2";
import { nodeHost } from "../host/node-host.ts";
import type { BaseUrl } from "./base-url.ts";
import type { ClientTls } from "./client-tls.ts";
import { alpnText, connectFault, endpoint, socketFault } from "./connect-failure.ts";

/** What a TLS connection is made with. */
export interface TargetTls extends Pick<ClientTls, "servername" | "rejectUnauthorized"> {
  readonly secureContext: SecureContext;
  /** There is a client certificate in it. */
  readonly certified: boolean;
}

/** How to reach an origin. */
export interface Target {
  readonly url: BaseUrl;
  /** For https; what names and keys there are has been read already. */
  readonly tls?: TargetTls | undefined;
  /** For TCP, TLS and, with HTTP/2, the server's SETTINGS; milliseconds. */
  readonly connectTimeoutMs: number;
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

function tlsSocket({ url, tls }: Target, alpn: readonly string[]): TLSSocket {
  // An address is no name that SNI could carry (RFC 6066 section 3).
  const servername = tls?.servername ?? (isIP(url.hostname) === 0 ? url.hostname : undefined);
  return connectTls({
    host: url.hostname,
    port: url.port,
    ALPNProtocols: [...alpn],
    ...(servername === undefined ? {} : { servername }),
    ...(tls === undefined ? {} : { secureContext: tls.secureContext }),
    ...(tls?.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: tls.rejectUnauthorized }),
  });
}

/** Null if what was agreed by ALPN is among what was offered. */
function alpnFault(target: Target, socket: Socket, offered: readonly string[]): Fault | null {
  if (!(socket instanceof TLSSocket)) return null;
  // A server without ALPN serves HTTP/1.1, as before RFC 7301.
  const agreed = socket.alpnProtocol || "";
  if (offered.includes(agreed === "" ? "http/1.1" : agreed)) return null;
  const outcome = agreed === "" ? "the server chose none" : `the server chose ${agreed}`;
  return connectFault(alpnText(endpoint(target.url), offered, outcome));
}

/**
 * Opens a TCP or TLS connection, outside every call. The socket that it gives has an error listener.
 */
export function dial(target: Target, alpn: readonly string[], dialled: Dialled): Dialling {
  const { url, connectTimeoutMs } = target;
  const tls = url.scheme === "https";
  let state: "connecting" | "done" = "connecting";
  let socket: Socket | undefined;
  const settle = (): boolean => {
    if (state === "done") return false;
    state = "done";
    cancelTimer();
    return true;
  };
  const fail = (fault: Fault): void => {
    if (!settle()) return;
    socket?.destroy();
    dialled.failed(fault);
  };
  const cancelTimer = nodeHost.timer(nodeHost.now() + connectTimeoutMs, () =>
    fail(connectFault(`cannot connect to ${endpoint(url)} within ${connectTimeoutMs} ms`)),
  );
  const certified = target.tls?.certified === true;
  const wanted = { hostname: url.hostname, port: url.port, tls, alpn, certified };
  try {
    socket = nodeHost.root(() =>
      tls ? tlsSocket(target, alpn) : connectTcp({ host: url.hostname, port: url.port }),
    );
  } catch (error) {
    // Options that node refuses, such as a key that is none.
    process.nextTick(() => fail(connectFault(`cannot connect to ${endpoint(url)}: ${String(error)}`, error)));
    return { hold: () => {}, abandon: () => void settle() };
  }
  const opened = socket;
  opened.setNoDelay(true);
  opened.setKeepAlive(true, 60_000);
  opened.on("error", (error) => fail(socketFault(wanted, error)));
  opened.once("close", () =>
    fail(connectFault(`${endpoint(url)} closed the connection while it was being made`)),
  );
  opened.once(tls ? "secureConnect" : "connect", () => {
    const fault = alpnFault(target, opened, alpn);
    if (fault !== null) return fail(fault);
    if (settle()) dialled.connected(opened);
  });
  return {
    hold: (wanted) => void (wanted ? opened.ref() : opened.unref()),
    abandon: () => {
      if (settle()) opened.destroy();
    },
  };
}
