import type { Caps } from "@millrace/exchange";
import { RpcError } from "../../error.ts";
import type { Kind } from "../../method.ts";
import type { TransportCore } from "./transport-core.ts";

/** Why a carriage cannot carry a kind of call in a transport's protocol; undefined if it can. */
export function carriageFailure(core: TransportCore, kind: Kind, caps: Caps): RpcError | undefined {
  const text = caps.http === "fetch" ? fetchLacks(core, kind, caps) : versionLacks(core, kind, caps);
  return text === undefined ? undefined : new RpcError("unimplemented", text);
}

function versionLacks(core: TransportCore, kind: Kind, caps: Caps): string | undefined {
  const over = `HTTP/${caps.http}`;
  if (core.protocol.needsHttp2 && caps.http !== "2") {
    return `gRPC needs HTTP/2, this is ${over}: leave httpVersion out, or use protocol "grpc-web" or "connect"`;
  }
  if (lacksDuplex(core, kind, caps)) {
    return `a bidi call needs both directions at once, which ${over} does not give: set httpVersion: "2", or halfDuplex: true if all requests are sent before the first response is awaited`;
  }
  if (kind === "client_streaming" && caps.request === "whole") {
    return `${over} cannot stream a request: set httpVersion: "2"`;
  }
  return undefined;
}

function fetchLacks(core: TransportCore, kind: Kind, caps: Caps): string | undefined {
  if (core.protocol.needsHttp2) {
    return "gRPC needs HTTP/2 and its trailers, which fetch does not give: use gRPC-Web or Connect";
  }
  const streams = kind === "client_streaming" || kind === "bidi_streaming";
  if (streams && caps.request === "whole") {
    return "this fetch cannot stream a request (browsers can under https, those that can at all): send the messages in unary calls, or in one of them";
  }
  if (lacksDuplex(core, kind, caps)) {
    return "a bidi call needs both directions at once, which fetch does not give: set halfDuplex: true if all requests are sent before the first response is awaited; or make it a server stream beside unary calls";
  }
  return undefined;
}

function lacksDuplex(core: TransportCore, kind: Kind, caps: Caps): boolean {
  const halfDuplex = core.halfDuplex && caps.request === "half";
  return kind === "bidi_streaming" && caps.request !== "full" && !halfDuplex;
}
