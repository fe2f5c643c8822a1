import { FieldMetadata } from "../../metadata.ts";
import type { CommonTransportOptions, Transport } from "../transport.ts";
import { ClientSettings } from "./client-settings.ts";
import { TransportCore } from "./transport-core.ts";
import type { TransportParts } from "./transport-core.ts";

/** A transport over a connector: what platforms make createTransport() of. Throws TypeError for a bad option. */
export function connectTransport(
  parts: TransportParts,
  options: Omit<CommonTransportOptions, "protocol">,
): Transport {
  const core = new TransportCore(parts, options);
  const settings = new ClientSettings(core, FieldMetadata.of(options.headers), options);
  const close = (): Promise<void> => parts.connector.close(0);
  return { close, [Symbol.asyncDispose]: close, "~transport": settings };
}
