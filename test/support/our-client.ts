// Our client, of a server under a test's command.
import { createClient, createTransport } from "@millrace/node";
import type { CommonTransportOptions, RpcError, TransportOptions } from "@millrace/node";
import { connect, createTransport as createFetchTransport, grpcWeb } from "@millrace/web";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { rawServer } from "./raw-server.ts";
import type { RawServer } from "./raw-server.ts";

/** Where a server is. */
type Site = Pick<RawServer, "url" | "http">;

export function clientOf(server: Site, options: Partial<TransportOptions> = {}): GreetServiceClient {
  return createClient(
    GreetService,
    createTransport({ baseUrl: server.url, httpVersion: server.http, ...options }),
  );
}

/** What carries our client's calls: a version of HTTP, by `@millrace/node`, or fetch, by `@millrace/web`. */
export type Lane = "1.1" | "2" | "fetch";

/** A client over a lane, of a server that speaks what the lane needs. */
export function clientOver(
  lane: Lane,
  server: Site,
  { protocol, ...options }: Partial<CommonTransportOptions> = {},
): GreetServiceClient {
  if (lane !== "fetch") return clientOf(server, { protocol, ...options });
  return createClient(
    GreetService,
    createFetchTransport({
      baseUrl: server.url,
      protocol: protocol === "grpc-web" ? grpcWeb : connect,
      ...options,
    }),
  );
}

/** A server under a test's command, as a lane needs it. */
export function serverFor(lane: Lane): Promise<RawServer> {
  return rawServer(lane === "2" ? "2" : "1.1");
}

/** How a call ended, for tables. */
export interface Ended {
  readonly code: string;
  readonly message: string;
  readonly error: RpcError | undefined;
  /** The texts that came. */
  readonly got: readonly string[];
}

export async function greetOnce(client: GreetServiceClient): Promise<Ended> {
  try {
    const reply = await client.greet({ name: "Ada" });
    return { code: "ok", message: "", error: undefined, got: [reply.greeting] };
  } catch (error) {
    return failed(error, []);
  }
}

export async function watchAll(client: GreetServiceClient): Promise<Ended> {
  const got: string[] = [];
  try {
    for await (const reply of client.watch({})) got.push(reply.greeting);
    return { code: "ok", message: "", error: undefined, got };
  } catch (error) {
    return failed(error, got);
  }
}

function failed(thrown: unknown, got: readonly string[]): Ended {
  const error = thrown as RpcError;
  // Whatever is thrown that is no RpcError has no code, and fails the test.
  return { code: error.code, message: error.message, error, got };
}
