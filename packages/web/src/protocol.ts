import { connectServer, grpcWebServer } from "@millrace/core/host";
import type { ClientProtocol, ServerProtocol } from "@millrace/core/host";

/** What a handler serves: gRPC needs trailers, which a Response has not. */
export const servedProtocols: readonly ServerProtocol[] = [grpcWebServer, connectServer];

/** Code without types may give a name, as @millrace/node takes it. */
export function checkProtocol(protocol: ClientProtocol): ClientProtocol {
  const given: unknown = protocol;
  if (typeof given === "object" && given !== null && "framing" in given) return protocol;
  const fix =
    given === "grpc"
      ? "gRPC needs HTTP trailers, which fetch does not give: use grpcWeb or connect"
      : 'give connect or grpcWeb, imported from "@millrace/web"';
  const shown = typeof given === "string" ? JSON.stringify(given) : String(given);
  throw new TypeError(`protocol is ${shown}: ${fix}`);
}
