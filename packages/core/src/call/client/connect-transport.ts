import type { CommonTransportOptions, Transport } from "../transport.ts";
import { TransportCore } from "./transport-core.ts";
import type { TransportParts } from "./transport-core.ts";

/** A transport over a connector: what platforms make createTransport() of. Throws TypeError for a bad option. */
export function connectTransport(parts: TransportParts, options: CommonTransportOptions): Transport {
  const core = new TransportCore(parts, options);
  const close = (): Promise<void> => parts.connector.close(0);
  return { close, [Symbol.asyncDispose]: close, "~transport": core };
}
