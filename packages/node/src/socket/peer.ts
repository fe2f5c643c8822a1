import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

import type { Peer } from "@millrace/exchange";

import { hostPort } from "./host-port.ts";

const peers = new WeakMap<object, Peer>();

/**
 * Who is at the other end of a connection; the same object for all its exchanges. A socket loses its addresses when it
 * is destroyed: ask early. `unixPath` names a Unix socket, whose peers have no address.
 */
export function peerOf(connection: object, socket: Socket, unixPath?: string): Peer {
  let peer = peers.get(connection);
  if (peer === undefined) {
    peer = describePeer(socket, unixPath);
    peers.set(connection, peer);
  }
  return peer;
}

function describePeer(socket: Socket, unixPath: string | undefined): Peer {
  const secure = isSecure(socket) ? socket : undefined;
  let certificate: Uint8Array | null | undefined;
  return {
    address: addressOf(socket, unixPath),
    tls: secure !== undefined,
    certificate: () => (certificate ??= secure?.authorized === true ? certificateOf(secure) : null),
  };
}

/** `address:port`, IPv6 in brackets; an IPv4 address that a dual-stack socket maps into IPv6 is shown as IPv4. */
export function addressOf(socket: Socket, unixPath: string | undefined): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return unixPath === undefined ? "unknown" : `unix:${unixPath}`;
  const address = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice(7) : remoteAddress;
  return hostPort(address, remotePort ?? 0);
}

function certificateOf(socket: TLSSocket): Uint8Array | null {
  return socket.getPeerX509Certificate()?.raw ?? null;
}

/** Whether a socket is TLS's. */
export function isSecure(socket: Socket): socket is TLSSocket {
  return (socket as Partial<TLSSocket>).encrypted === true;
}
