import type { Peer as WirePeer } from "@millrace/exchange";
import type { Peer } from "./call-head.ts";

/** The carriage's peer as users see it. */
export function toPeer(peer: WirePeer): Peer {
  return { address: peer.address, tls: peer.tls, certificate: peer.certificate() ?? undefined };
}
