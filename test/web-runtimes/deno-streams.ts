// Client and server over Deno's own connections, whose bytes are Web Streams: nothing of Node's.
import type { ClientSink, Sink } from "@millrace/exchange";
import { ClientConnection, limitsFrom, ServerConnection, WindowBudget } from "@millrace/http2";
import { type ByteStreams, StreamDuplex, webRuntime } from "@millrace/http2/web";

/** The part of Deno that is used. */
declare const Deno: {
  listen(options: { port: number; hostname: string }): {
    readonly addr: { readonly port: number };
    accept(): Promise<ByteStreams>;
    close(): void;
  };
  connect(options: { port: number; hostname: string }): Promise<ByteStreams>;
};

const limits = limitsFrom();
const budget = new WindowBudget(2 ** 20);
const hostname = "127.0.0.1";
const peer = { address: hostname, tls: false, certificate: () => null };
const silent: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

const listener = Deno.listen({ port: 0, hostname });
const { port } = listener.addr;
const over = Promise.withResolvers<void>();
const accepted = listener.accept().then((streams) => {
  return new ServerConnection(new StreamDuplex(streams), webRuntime, limits, budget, {
    peer,
    accept(exchange) {
      exchange.respond(200, []);
      return {
        ...silent,
        data: (chunk, start, end) => void exchange.write(chunk.slice(start, end)),
        end: () => exchange.end(["x-done", "1"]),
      };
    },
    closed: () => over.resolve(),
  });
});

const streams = await Deno.connect({ port, hostname });
const connection = new ClientConnection(new StreamDuplex(streams), webRuntime, limits, budget, {
  peer,
  name: `${hostname}:${port}`,
});
const answer: (number | string)[] = [];
const { promise, resolve } = Promise.withResolvers<void>();
const sink: ClientSink = {
  ...silent,
  sent() {},
  inform() {},
  head: (status) => void answer.push(status),
  data: (chunk, start, end) => void answer.push(new TextDecoder().decode(chunk.subarray(start, end))),
  end: (trailers) => void answer.push(trailers?.[1] ?? ""),
  fault: ({ text }) => void answer.push(text),
  closed: () => resolve(),
};
const authority = connection.name;
const head = { method: "POST", scheme: "http", authority, path: "/", query: "", fields: [], memo: undefined };
connection.open(head, new TextEncoder().encode("ping"), undefined, sink);
await promise;
await connection.close(1000);
await accepted;
await over.promise;
listener.close();
console.log(...answer);
