import type { App, Awaitable } from "@millrace/core";
import { appOptions, checkOptions, createAccept, serviceOptions } from "@millrace/core/host";
import { webHost } from "./host/web-host.ts";
import { servedProtocols } from "./protocol.ts";
import { notFound, respondTo } from "./server/respond-to.ts";

/** Answers a Request. `rest` is what the runtime gives beside it, and goes to the fallback as it is. */
export type FetchHandler<Rest extends readonly unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Promise<Response>;

/**
 * An App as a function from Request to Response: what Deno.serve(), Bun.serve() and Workers take, and frameworks on top of
 * them. What is not the App's goes to `fallback`, untouched, or is answered with 404. gRPC needs trailers, which a Response
 * has not: such calls are refused with 415, naming what is served. Throws TypeError for a bad option.
 */
export function createFetchHandler<Rest extends readonly unknown[] = []>(
  app: App,
  fallback?: (request: Request, ...rest: Rest) => Awaitable<Response>,
): FetchHandler<Rest> {
  checkOptions("the App", app, serviceOptions, appOptions);
  const accept = createAccept(webHost, servedProtocols, app);
  return async (request, ...rest) =>
    respondTo(accept, request) ?? (fallback === undefined ? notFound() : fallback(request, ...rest));
}
