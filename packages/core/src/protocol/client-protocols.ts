import type { ClientProtocol } from "./client-protocol.ts";
import { connectClient } from "./connect/client.ts";
import { grpcWebClient } from "./grpc-web/client.ts";
import { grpcClient } from "./grpc/client.ts";
import type { Protocol } from "./protocol-name.ts";

/** Every protocol by its name, for platforms where size does not count. */
export const clientProtocols: { readonly [name in Protocol]: ClientProtocol } = {
  connect: connectClient,
  grpc: grpcClient,
  "grpc-web": grpcWebClient,
};
