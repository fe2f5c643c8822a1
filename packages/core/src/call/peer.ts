import type { Peer as WirePeer } from "@millrace/exchange";
import type { Peer } from "./call-head.ts";

/** The carriage's peer as users see it; undefined where the carriage cannot know it. */
export function toPeer(peer: WirePeer): Peer | undefined {
  if (peer.address === "") return undefined;
  return { address: peer.address, tls: peer.tls, certificate: peer.certificate() ?? undefined };
}
