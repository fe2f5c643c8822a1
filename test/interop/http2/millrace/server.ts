// The server under test: the engine alone, and what every server here answers, until SIGTERM.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { ErrorCode, firstField, type Fields, type ServerExchange, type Sink } from "@millrace/exchange";
import { limitsFrom, ServerConnection, WindowBudget } from "@millrace/http2";
import { nodeRuntime, SocketDuplex } from "@millrace/http2/node";
import { serverFlags } from "../flags.ts";

const { tls, window } = serverFlags();
const limits = limitsFrom({ streamWindowBytes: window });
const budget = new WindowBudget(64 * 1024 * 1024);
const connections = new Set<ServerConnection>();
const text = ["content-type", "text/plain"];
let hanging = 0;

const answers: Readonly<Record<string, (exchange: ServerExchange, drain: () => void) => Sink>> = {
  "/hello": (exchange) => whole(exchange, () => "hello\n"),
  /** Sends the body back as it comes, with the request's trailers, and how many bytes it were. */
  "/echo": (exchange) => {
    const { fields } = exchange.head;
    let bytes = 0;
    exchange.respond(200, ["x-big", firstField(fields, "x-big") ?? ""]);
    exchange.flush();
    return {
      ...silent,
      data(chunk, start, end) {
        bytes += end - start;
        if (!exchange.write(chunk.slice(start, end))) exchange.pause();
      },
      writable: () => exchange.resume(),
      end: (trailers) => exchange.end([...(trailers ?? []), "x-bytes", String(bytes)]),
    };
  },
  /** Begins an answer that never ends. */
  "/hang": (exchange) => {
    hanging++;
    exchange.respond(200, text);
    exchange.write(new TextEncoder().encode("h"));
    return { ...silent, closed: () => void hanging-- };
  },
  "/hanging": (exchange) => whole(exchange, () => String(hanging)),
  "/reset": (exchange) => ({ ...silent, end: () => exchange.reset(ErrorCode.INTERNAL_ERROR) }),
  /** Ends the connection gracefully. */
  "/drain": (exchange, drain) =>
    whole(exchange, () => {
      drain();
      return "draining\n";
    }),
};

const silent: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

/** Answers when the request is complete. */
function whole(exchange: ServerExchange, answer: () => string, fields: Fields = text): Sink {
  return {
    ...silent,
    end: () => exchange.reply(200, fields, new TextEncoder().encode(answer()), null),
  };
}

function serve(socket: Socket): void {
  const connection = new ServerConnection(new SocketDuplex(socket), nodeRuntime, limits, budget, {
    peer: { address: String(socket.remotePort), tls: tls !== undefined, certificate: () => null },
    accept: (exchange) => answers[exchange.head.path]?.(exchange, () => connection.drain()) ?? null,
    closed(problem) {
      connections.delete(connection);
      if (problem !== undefined) console.error(problem);
    },
  });
  connections.add(connection);
}

const server =
  tls === undefined
    ? createServer({ noDelay: true }, serve)
    : createTlsServer({ ...tls, ALPNProtocols: ["h2"], noDelay: true }, serve);
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.once("SIGTERM", () => {
  server.close();
  for (const connection of connections) connection.drain();
});
console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
