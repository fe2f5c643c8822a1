import type { Awaitable } from "../init.ts";
import type { MetadataInit } from "../metadata.ts";
import type { CallHead } from "./call-head.ts";
import type { Interceptor } from "./interceptor.ts";

/** An interceptor that sets request headers on every call: fixed ones, or those that a function gives for the call. */
export function setHeaders(
  headers: MetadataInit | ((call: CallHead) => Awaitable<MetadataInit>),
): Interceptor {
  return async (call, next) => {
    const init = typeof headers === "function" ? await headers(call) : headers;
    return next(call.with({ headers: init }));
  };
}
