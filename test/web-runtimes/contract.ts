import type { Accept, Caps } from "@millrace/exchange";
import { contractFor } from "@millrace/exchange/contract";
import type { Make } from "@millrace/exchange/contract";
import { FetchConnector } from "../../packages/web/src/client/fetch-connector.ts";
import { notFound, respondTo } from "../../packages/web/src/server/respond-to.ts";

/** A server of the runtime's own, on a port of its choice. */
export type Listen = (
  handler: (request: Request) => Promise<Response>,
) => Promise<{ readonly port: number; close(): Promise<void> }>;

/** How the contract went. */
export interface ContractOutcome {
  readonly passed: number;
  /** Why, by the case's name. */
  readonly failed: Readonly<Record<string, string>>;
}

const caps: Caps = { http: "fetch", trailers: false, request: "half", resets: false, duplicates: false };

/**
 * Puts the runtime's fetch, and its server or none, through the contract of the seam. A case that is known to be `broken`
 * there waits for what never comes, and is given less time for it.
 */
export async function keepContract(
  listen: Listen | undefined,
  broken: readonly string[],
): Promise<ContractOutcome> {
  const { cases } = contractFor({ caps, lacks: ["cut", "goaway", "nowhere", "inform"] });
  const failed: Record<string, string> = {};
  for (const { name, run } of cases) {
    try {
      await run(
        listen === undefined ? inProcess : over(listen),
        AbortSignal.timeout(broken.includes(name) ? 250 : 5_000),
      );
    } catch (error) {
      failed[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { passed: cases.length - Object.keys(failed).length, failed };
}

function handlerOf(accept: Accept): (request: Request) => Promise<Response> {
  return async (request) => respondTo(accept, request) ?? notFound();
}

const inProcess: Make = async (accept) => {
  const handler = handlerOf(accept);
  const connector = new FetchConnector({
    origin: "http://millrace.test",
    fetch: (url, init) => handler(new Request(url, init)),
    init: {},
  });
  return { connector, close: () => connector.close(0) };
};

function over(listen: Listen): Make {
  return async (accept) => {
    const server = await listen(handlerOf(accept));
    const authority = `127.0.0.1:${server.port}`;
    const connector = new FetchConnector({
      origin: `http://${authority}`,
      fetch: (url, init) => fetch(url, init),
      init: {},
    });
    return {
      connector,
      authority,
      close: async () => {
        await connector.close(0);
        await server.close();
      },
    };
  };
}
