import type { Awaitable } from "../init.ts";
import type { MetadataInit } from "../metadata.ts";
import type { CallHead } from "./call-head.ts";
import type { Interceptor } from "./interceptor.ts";

/**
 * An interceptor that sets request headers on every call: fixed ones, or those that a function gives for the call. They
 * replace those of the same names that the call's options, the client, the transport or an outer interceptor set; a
 * function sees these in `call.requestHeaders`, and may leave out what is there.
 */
export function setHeaders(
  headers: MetadataInit | ((call: CallHead) => Awaitable<MetadataInit>),
): Interceptor {
  return async (call, next) => {
    const init = typeof headers === "function" ? await headers(call) : headers;
    return next(call.with({ headers: init }));
  };
}
