import type { Caps } from "@millrace/exchange";
import { RpcError } from "../../error.ts";
import type { Kind } from "../../method.ts";
import type { TransportCore } from "./transport-core.ts";

/** Why a carriage cannot carry a kind of call in a transport's protocol; undefined if it can. */
export function carriageFailure(core: TransportCore, kind: Kind, caps: Caps): RpcError | undefined {
  const over = caps.http === "fetch" ? "fetch" : `HTTP/${caps.http}`;
  if (core.protocol.needsHttp2 && caps.http !== "2") {
    return new RpcError(
      "unimplemented",
      `gRPC needs HTTP/2, this is ${over}: set httpVersion: "2", or protocol: "grpc-web"`,
    );
  }
  const halfDuplex = core.halfDuplex && caps.request === "half";
  if (kind === "bidi_streaming" && caps.request !== "full" && !halfDuplex) {
    return new RpcError(
      "unimplemented",
      `a bidi call needs both directions at once, which ${over} does not give: set httpVersion: "2", or halfDuplex: true if all requests are sent before the first response is awaited`,
    );
  }
  if (kind === "client_streaming" && caps.request === "whole") {
    return new RpcError("unimplemented", `${over} cannot stream a request: set httpVersion: "2"`);
  }
  return undefined;
}
