import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

import type { Peer } from "@millrace/exchange";

import { hostPort } from "./host-port.ts";

const peers = new WeakMap<object, Peer>();
const certificates = new WeakMap<TLSSocket, Uint8Array | null>();

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

/** A TLS connection was resumed, without a certificate: its peer has shown this one before. */
export function resumedWith(socket: TLSSocket, certificate: Uint8Array | null): void {
  certificates.set(socket, certificate);
}

/** In DER; null: none was shown. Node gives a client its server's only once, so it is kept here. */
export function certificateOf(socket: TLSSocket): Uint8Array | null {
  let certificate = certificates.get(socket);
  if (certificate === undefined) {
    certificate = socket.getPeerX509Certificate()?.raw ?? null;
    certificates.set(socket, certificate);
  }
  return certificate;
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

/** Whether a socket is TLS's. */
export function isSecure(socket: Socket): socket is TLSSocket {
  return (socket as Partial<TLSSocket>).encrypted === true;
}
