import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import type { Accept, ServerExchange, Sink } from "@millrace/exchange";
import { listen } from "../src/server/listen.ts";

const module = new URL("../src/client/node-connector.ts", import.meta.url).href;

/** How often the process is asked whether it is there before it gets its reply. */
const pings = 10;

/**
 * Runs one exchange in a process of its own, which nothing but that exchange keeps alive: it answers what comes on its
 * standard input, and does not wait for it.
 */
function run(
  url: string,
  httpVersion: "1.1" | "2",
  body: "null" | "undefined",
  said: (line: string, ping: () => void) => void,
): Promise<number | null> {
  const program = `
    import { nodeConnector } from ${JSON.stringify(module)};
    const say = (line) => process.stdout.write(line + "\\n");
    process.stdin.on("data", () => say("alive")).unref();
    const connector = nodeConnector({ baseUrl: ${JSON.stringify(url)}, httpVersion: ${JSON.stringify(httpVersion)} });
    const { host } = new URL(${JSON.stringify(url)});
    const head = { method: "POST", scheme: "http", authority: host, path: "/", query: "", fields: [], memo: undefined };
    const exchange = connector.open(head, ${body}, { deadline: Infinity, waitForReady: false, attempt: 0 }, {
      sent() { say("sent"); }, inform() {}, head() {}, data() {}, writable() {},
      end() { exchange.end(null); }, fault(fault) { say(fault.text); }, closed() { say("closed"); },
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may be gone: that is what the test then sees.
  child.stdin.on("error", () => {});
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trim().split("\n")) said(line, () => child.stdin.write("ping"));
  });
  return new Promise((resolve) => child.once("close", resolve));
}

const sink: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

test.each([
  ["1.1", "null"],
  ["1.1", "undefined"],
  ["2", "null"],
  ["2", "undefined"],
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
    const code = await run(server.url, httpVersion, body, (line, ping) => {
      lines.push(line);
      if (lines.length <= pings) ping();
      else if (line === "alive")
        void accepted.promise.then((exchange) => exchange.reply(200, [], null, null));
    });
    expect([lines, code]).toEqual([["sent", ...Array<string>(pings).fill("alive"), "closed"], 0]);
  },
);
