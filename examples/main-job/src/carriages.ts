import type { Protocol } from "@millrace/node";

/** One way for a call to travel. */
export interface Carriage {
  readonly protocol: Protocol;
  readonly codec: "proto" | "json";
  readonly httpVersion: "1.1" | "2";
}

export const protocols: readonly Protocol[] = ["connect", "grpc", "grpc-web"];

/** All twelve, also those that cannot be. */
export const carriages: readonly Carriage[] = protocols.flatMap((protocol) =>
  (["1.1", "2"] as const).flatMap((httpVersion) =>
    (["proto", "json"] as const).map((codec) => ({ protocol, codec, httpVersion })),
  ),
);

/** For people. */
export const protocolNames: Readonly<Record<Protocol, string>> = {
  connect: "Connect",
  grpc: "gRPC",
  "grpc-web": "gRPC-Web",
};

/** In columns: `gRPC-Web  json   HTTP/2`. */
export function describe({ protocol, codec, httpVersion }: Carriage): string {
  return `${protocolNames[protocol].padEnd(8)}  ${codec.padEnd(5)}  HTTP/${httpVersion}`;
}
