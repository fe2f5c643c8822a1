import type { Peer } from "@millrace/exchange";

/** The name of both ends. */
export const memoryPeer: Peer = { address: "memory", tls: false, certificate: () => null };
