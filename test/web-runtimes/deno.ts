import type { Listen } from "./contract.ts";
import { handler } from "./handler.ts";

/** The part of Deno that is used. */
declare const Deno: {
  serve(
    options: { port: number; hostname: string; signal?: AbortSignal; onListen(at: { port: number }): void },
    handler: (request: Request) => Promise<Response>,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> };
};

const listen: Listen = async (each) => {
  const abort = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", signal: abort.signal, onListen() {} };
  const { addr, finished } = Deno.serve(options, each);
  return {
    port: addr.port,
    close: () => {
      abort.abort();
      return finished;
    },
  };
};

Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, handler(listen));
