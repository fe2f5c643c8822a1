import type { ClientProtocol } from "../../protocol/client-protocol.ts";
import { connectClient } from "../../protocol/connect/client.ts";
import { grpcWebClient } from "../../protocol/grpc-web/client.ts";
import { grpcClient } from "../../protocol/grpc/client.ts";
import { protocolNames } from "../../protocol/protocol-name.ts";
import type { Protocol } from "../../protocol/protocol-name.ts";
import { checkName } from "../check-option.ts";

const clientProtocols: { readonly [name in Protocol]: ClientProtocol } = {
  connect: connectClient,
  grpc: grpcClient,
  "grpc-web": grpcWebClient,
};

/**
 * The protocol that the option `protocol` names, `connect` by default: for platforms where size does not count, since it
 * brings all of them. Throws TypeError for a name that is none.
 */
export function protocolByName(name: Protocol | undefined): ClientProtocol {
  return clientProtocols[checkName("protocol", name, protocolNames, "connect")];
}
