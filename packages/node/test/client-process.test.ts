import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import type { Accept, ServerExchange, Sink } from "@millrace/exchange";
import type { NodeConnectorOptions } from "../src/client/node-connector.ts";
import { listen } from "../src/server/listen.ts";
import { ACK, HEADERS, headers, SETTINGS, settings } from "../../../test/support/frames.ts";
import { scriptedHttp2, SocketServer } from "./client-harness.ts";

const module = new URL("../src/client/node-connector.ts", import.meta.url).href;

/** A process with one exchange, which nothing else keeps alive. */
interface OneExchange {
  /** It prints `alive`, or resets the exchange; it does not wait for such a word. */
  say(word: "ping" | "reset"): void;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** `said` hears each line that the process prints: `sent`, `closed`, a fault's text, and its answers. */
function start(
  options: NodeConnectorOptions,
  body: null | "streamed",
  said: (line: string) => void,
): OneExchange {
  const program = `
    import { nodeConnector } from ${JSON.stringify(module)};
    const say = (line) => process.stdout.write(line + "\\n");
    const connector = nodeConnector(${JSON.stringify(options)});
    const { protocol, host } = new URL(${JSON.stringify(options.baseUrl)});
    const head = {
      method: "POST", scheme: protocol.slice(0, -1), authority: host, path: "/", query: "", fields: [], memo: undefined,
    };
    const hints = { deadline: Infinity, attempt: 0 };
    const exchange = connector.open(head, ${body === null ? "null" : "undefined"}, hints, {
      sent() { say("sent"); }, inform() {}, head() {}, data() {}, writable() {},
      end() { exchange.end(null); }, fault(fault) { say(fault.text); }, closed() { say("closed"); },
    });
    process.stdin.on("data", (word) => {
      if (String(word) === "reset") exchange.reset(8);
      else say("alive");
    }).unref();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may be gone: that is what a test then sees.
  child.stdin.on("error", () => {});
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trim().split("\n")) said(line);
  });
  return {
    say: (word) => child.stdin.write(word),
    ended: once(child, "close").then(([code]) => code as number | null),
  };
}

const sink: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

/** How often the process is asked whether it is there before its exchange gets a reply. */
const pings = 10;

test.each([
  ["1.1", null],
  ["1.1", "streamed"],
  ["2", null],
  ["2", "streamed"],
] as const)(
  "a process lives as long as its exchange over HTTP/%s (body %s), and ends although the connector is open",
  async (httpVersion, body) => {
    const accepted = Promise.withResolvers<ServerExchange>();
    const accept: Accept = (exchange) => {
      accepted.resolve(exchange);
      return sink;
    };
    await using server = await listen(accept, { port: 0, host: "127.0.0.1" });
    const lines: string[] = [];
    const child = start({ baseUrl: server.url, httpVersion }, body, (line) => {
      lines.push(line);
      if (lines.length <= pings) child.say("ping");
      else if (line === "alive")
        void accepted.promise.then((exchange) => exchange.reply(200, [], null, null));
    });
    expect([await child.ended, lines]).toEqual([
      0,
      ["sent", ...Array<string>(pings).fill("alive"), "closed"],
    ]);
  },
);

test.each([
  ["1.1", null],
  ["1.1", "streamed"],
  ["2", "streamed"],
  [undefined, "streamed"],
] as const)(
  "a process does not live for a connection that nobody waits for any more (HTTP/%s, body %s)",
  async (httpVersion, body) => {
    // Not a word, not even in TLS.
    await using server = await SocketServer.listen(() => {});
    const lines: string[] = [];
    const options = { baseUrl: `https://127.0.0.1:${server.port}`, httpVersion, connectTimeoutMs: 2 ** 31 };
    const child = start(options, body, (line) => lines.push(line));
    await server.first;
    child.say("reset");
    expect([await child.ended, lines]).toEqual([0, ["closed"]]);
  },
);

test("a process lives as long as its exchange waits for a server that takes no streams yet", async () => {
  const lines: string[] = [];
  let asked = 0;
  await using server = await scriptedHttp2(
    ({ type, flags, stream }, socket) => {
      if (type === HEADERS) socket.write(headers(stream, true, ":status", "200"));
      else if (type === SETTINGS && flags === ACK && asked === 0) child.say("ping");
    },
    { settings: settings(3, 0) },
  );
  const child = start({ baseUrl: server.url, httpVersion: "2" }, null, (line) => {
    lines.push(line);
    if (line !== "alive") return;
    if (++asked < pings) child.say("ping");
    else server.sockets[0]!.write(settings(3, 1));
  });
  expect([await child.ended, lines]).toEqual([0, [...Array<string>(pings).fill("alive"), "sent", "closed"]]);
});
