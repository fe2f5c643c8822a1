// The engine's server: it answers each request whose end has come with the same reply. See ../usage.ts.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { ServerExchange, Sink } from "@millrace/exchange";
import { limitsFrom, ServerConnection, WindowBudget } from "@millrace/http2";
import { nodeRuntime, SocketDuplex } from "@millrace/http2/node";
import { answer } from "../../test/support/program-answers.ts";
import { usage } from "../usage.ts";
import { certificate, reply } from "./call.ts";

const limits = limitsFrom({ maxConcurrentStreams: 20_000 });
const budget = new WindowBudget(64 * 1024 * 1024);
const fields = ["content-type", "application/grpc"];
const trailers = ["grpc-status", "0"];
const peer = { address: "", tls: false, certificate: () => null };

class Answer implements Sink {
  readonly #exchange: ServerExchange;
  constructor(exchange: ServerExchange) {
    this.#exchange = exchange;
  }
  data(): void {}
  end(): void {
    this.#exchange.reply(200, fields, reply, trailers);
  }
  fault(): void {}
  writable(): void {}
  closed(): void {}
}

/** Not listen() of @millrace/http2/node: thousands of connections at once want a longer backlog than it asks for. */
const serve = (socket: Socket): void => {
  void new ServerConnection(new SocketDuplex(socket), nodeRuntime, limits, budget, {
    peer,
    accept: (exchange) => new Answer(exchange),
    closed: () => {},
  });
};

answer({
  ...usage,
  listen: async (isTls: boolean): Promise<number> => {
    const server = isTls
      ? createTlsServer({ ...certificate(), ALPNProtocols: ["h2"], noDelay: true }, serve)
      : createServer({ noDelay: true }, serve);
    await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 8192 }), "listening");
    return (server.address() as AddressInfo).port;
  },
});
