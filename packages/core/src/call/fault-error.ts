import { ErrorCode } from "@millrace/exchange";
import type { Fault } from "@millrace/exchange";
import type { Code } from "../code.ts";
import { RpcError } from "../error.ts";

/** gRPC "HTTP2 Transport Mapping", Errors: the code of a fault of the carriage. */
export function faultToError(fault: Fault, side: "client" | "server", pastDeadline: boolean): RpcError {
  const code = codeOf(fault, side);
  if (code === "canceled" && pastDeadline) {
    return new RpcError("deadline_exceeded", "the deadline has passed", { cause: fault });
  }
  return new RpcError(code, fault.text, { cause: fault.cause ?? fault });
}

function codeOf(fault: Fault, side: "client" | "server"): Code {
  switch (fault.kind) {
    case "shutdown":
      return side === "client" ? "canceled" : "unavailable";
    case "connect":
    case "goaway":
      return "unavailable";
    case "lost":
      // A server has nobody left to tell; to its handler it is a client that went away.
      return side === "client" ? "unavailable" : "canceled";
    case "truncated":
      return side === "client" ? "unavailable" : "canceled";
    case "limit":
      return "resource_exhausted";
    case "protocol":
      return "internal";
    case "reset":
      return codeOfReset(fault.h2, side);
  }
}

function codeOfReset(h2: number, side: "client" | "server"): Code {
  switch (h2) {
    case ErrorCode.REFUSED_STREAM:
      return "unavailable";
    case ErrorCode.CANCEL:
      return "canceled";
    case ErrorCode.ENHANCE_YOUR_CALM:
      return "resource_exhausted";
    case ErrorCode.INADEQUATE_SECURITY:
      return "permission_denied";
    case ErrorCode.NO_ERROR:
      return side === "client" ? "internal" : "canceled";
    default:
      return side === "client" ? "internal" : "canceled";
  }
}
