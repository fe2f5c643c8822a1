import { errorName, errorText, RpcError } from "../../error.ts";
import { keepWhy } from "../unwritable.ts";

const fixed = "unexpected error";

/**
 * What code of the client's user threw (a sequence of requests, an interceptor), as the error of its call. As RpcError.from(),
 * but with the text of what was thrown: it has not left this process. A server whose handler makes the call keeps it there.
 */
export function thrownHere(thrown: unknown): RpcError {
  const error = RpcError.from(thrown);
  if (error === thrown || error.code !== "unknown") return error;
  // Of an object that is no error, the text says nothing.
  const told = typeof thrown === "string" || errorName(thrown) !== undefined ? errorText(thrown) : "";
  return keepWhy(new RpcError("unknown", told === "" ? fixed : told, { cause: thrown }), fixed);
}
