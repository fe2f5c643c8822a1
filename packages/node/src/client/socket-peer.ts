import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Peer } from "@millrace/exchange";

/** The other end of a connected socket. Read when the connection is made: a closed socket forgets its address. */
export function socketPeer(socket: Socket): Peer {
  const host = socket.remoteAddress ?? "unknown";
  const address = `${host.includes(":") ? `[${host}]` : host}:${socket.remotePort ?? 0}`;
  if (!(socket instanceof TLSSocket)) return { address, tls: false, certificate: () => null };
  let certificate: Uint8Array | null | undefined;
  return {
    address,
    tls: true,
    certificate: () =>
      (certificate ??= socket.authorized ? (socket.getPeerX509Certificate()?.raw ?? null) : null),
  };
}
