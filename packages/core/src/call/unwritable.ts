import { errorText, RpcError } from "../error.ts";

const briefs = /*@__PURE__*/ new WeakMap<WeakKey, string>();

/** The error of a message that cannot be sent, for what `doing` says. Why may quote values of the message. */
export function cannot(doing: string, cause: unknown): RpcError {
  const error = new RpcError("internal", `cannot ${doing}: ${errorText(cause)}`, { cause });
  return keepWhy(error, `cannot ${doing}`);
}

/** Gives an error the text that a server tells in its place. */
export function keepWhy(error: RpcError, brief: string): RpcError {
  briefs.set(error, brief);
  return error;
}

/** The text of such an error without the why, which a server keeps to itself. Undefined for whatever else was thrown. */
export function briefOf(thrown: unknown): string | undefined {
  return briefs.get(thrown as WeakKey);
}
