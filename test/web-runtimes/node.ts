import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fetchListener } from "../support/fetch-listener.ts";
import type { Listen } from "./contract.ts";
import { handler } from "./handler.ts";

const listen: Listen = async (each) => {
  const server = createServer(fetchListener(each));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

console.log((await listen(handler(listen))).port);
