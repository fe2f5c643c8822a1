import type { Listen } from "./contract.ts";
import { handler } from "./handler.ts";

/** The part of Bun that is used. */
declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    idleTimeout: number;
    fetch: (request: Request) => Promise<Response>;
  }): { readonly port: number; stop(closeActiveConnections: boolean): Promise<void> };
};

const listen: Listen = async (each) => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: each });
  return { port: server.port, close: () => server.stop(true) };
};

console.log(Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: handler(listen) }).port);
