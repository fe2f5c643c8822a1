import type { Accept } from "@millrace/exchange";
import { FetchServerExchange } from "./fetch-server-exchange.ts";

/** The Response to a Request, from a server's entry; null: not its own, and untouched. */
export function respondTo(accept: Accept, request: Request): Promise<Response> | null {
  const exchange = new FetchServerExchange(request);
  const sink = accept(exchange);
  if (sink === null) return null;
  exchange.start(sink);
  return exchange.response;
}

/** What nobody answers. */
export function notFound(): Response {
  const headers = { "content-type": "text/plain; charset=utf-8" };
  return new Response("404 not found\n", { status: 404, headers });
}
