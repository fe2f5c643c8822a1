// Our client, of a server under a test's command.
import { createClient, createTransport } from "@millrace/node";
import type { RpcError, TransportOptions } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import type { RawServer } from "./raw-server.ts";

export function clientOf(server: RawServer, options: Partial<TransportOptions> = {}): GreetServiceClient {
  return createClient(
    GreetService,
    createTransport({ baseUrl: server.url, httpVersion: server.http, ...options }),
  );
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
