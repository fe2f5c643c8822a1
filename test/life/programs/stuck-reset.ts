// A server resets a response while its connection is stuck with what was written before: the code that the client hears, or
// -1 for an end as if all were well. A process of its own, because the engine of HTTP/2 may spin.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ErrorCode } from "@millrace/exchange";
import type { ServerExchange } from "@millrace/exchange";
import { listen } from "../../../packages/node/src/server/listen.ts";
import { RawHttp2 } from "../../support/raw-http2.ts";

const { promise: ended, resolve: end } = Promise.withResolvers<ServerExchange>();
const server = await listen(
  (exchange) => ({
    data() {},
    end: () => end(exchange),
    fault() {},
    writable() {},
    closed() {},
  }),
  { host: "127.0.0.1" },
);
const client = RawHttp2.willing(Number(new URL(server.url).port));
client.raw.socket.pause();
const stream = client.request(true, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/");
const exchange = await ended;
exchange.respond(200, []);
// More than the system takes; what is behind it stays with node.
exchange.write(Buffer.alloc(24 * 1024 * 1024));
exchange.write(Buffer.from("tail"));
await nextTurn();
await nextTurn();
exchange.reset(ErrorCode.INTERNAL_ERROR);
client.raw.socket.resume();
console.log(JSON.stringify(await client.streamEnd(stream)));
client.raw.socket.destroy();
await server.close({ graceMs: 0 });
