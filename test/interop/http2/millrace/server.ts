// The server under test: the engine alone, and what every server here answers, until SIGTERM.
import { ErrorCode, firstField, type Fields, type ServerExchange, type Sink } from "@millrace/exchange";
import { listen, type Listening } from "@millrace/http2/node";
import { serverFlags } from "../flags.ts";

const { tls, window } = serverFlags();
const text = ["content-type", "text/plain"];
let hanging = 0;

const answers: Readonly<Record<string, (exchange: ServerExchange) => Sink>> = {
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
  /** Ends the connection gracefully, with the whole server: another takes its place. */
  "/drain": (exchange) => ({
    ...silent,
    end: () =>
      void renew().then(() => exchange.reply(200, text, new TextEncoder().encode("draining\n"), null)),
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

function open(port?: number): Promise<Listening> {
  return listen({
    accept: (exchange) => answers[exchange.head.path]?.(exchange) ?? null,
    host: "127.0.0.1",
    port,
    tls,
    limits: { streamWindowBytes: window },
    onProblem: (problem) => console.error(problem),
  });
}

/** Closes the server, and opens another on its port. */
async function renew(): Promise<void> {
  const { port } = server;
  void server.close();
  server = await open(port);
}

let server = await open();
process.once("SIGTERM", () => void server.close());
console.log(`listening on 127.0.0.1:${server.port}`);
