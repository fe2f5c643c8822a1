import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Caps } from "@millrace/exchange";
import { contractFor, poisonAccept } from "@millrace/exchange/contract";
import type { Make } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { nodeConnector } from "../../node/src/client/node-connector.ts";
import { fetchListener } from "../../../test/support/fetch-listener.ts";
import { notFound, respondTo } from "../src/server/respond-to.ts";

/** The handler's, and HTTP/1.1's on the other side. */
const caps: Caps = { http: "fetch", trailers: false, request: "half", resets: false, duplicates: false };

const make: Make = async (accept) => {
  const entry = poisonAccept(accept);
  const server = createServer(fetchListener(async (request) => respondTo(entry, request) ?? notFound()));
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connector = nodeConnector({ baseUrl: `http://${authority}` });
  return {
    connector,
    authority,
    cut: () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    close: async () => {
      await connector.close(0);
      server.close();
      server.closeAllConnections();
    },
  };
};

describe("a fetch handler behind a server of HTTP/1.1 keeps the contract", () => {
  const contract = contractFor({ caps, lacks: ["goaway", "nowhere", "inform"] });

  test("and is excused from nothing that it does not declare", () => {
    expect(contract.cases.length).toBeGreaterThan(100);
  });

  test.each(contract.cases)("$name", async ({ run }) => {
    await run(make, AbortSignal.timeout(10_000));
  });
});
