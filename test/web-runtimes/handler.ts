import { connect, createFetchHandler, createTransport, grpcWeb } from "@millrace/web";
import type { FetchHandler } from "@millrace/web";
import { grpcClient } from "@millrace/core/host";
import { app } from "./app.ts";
import { calls } from "./calls.ts";
import { keepContract } from "./contract.ts";
import type { Listen } from "./contract.ts";

const protocols = { connect, "grpc-web": grpcWeb, grpc: grpcClient };

/**
 * What runs on a runtime: the app, and beside it the tests that are to run there. `/calls?url=…&protocol=…` is a client of the
 * server there, `/contract` the contract of the seam; both answer with JSON.
 */
export function handler(listen: Listen | undefined): FetchHandler {
  return createFetchHandler(app(), async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/contract")
      return Response.json(await keepContract(listen, (await request.json()) as string[]));
    if (pathname !== "/calls") return new Response("no such test", { status: 404 });
    const baseUrl = searchParams.get("url") ?? "";
    const protocol = protocols[searchParams.get("protocol") as keyof typeof protocols];
    return Response.json(await calls((wanted) => createTransport({ ...wanted, baseUrl, protocol })));
  });
}
