import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import type { Accept, ServerExchange, Sink } from "@millrace/exchange";
import { listen } from "../src/server/listen.ts";

const module = new URL("../src/client/node-connector.ts", import.meta.url).href;

/** Runs one exchange in a process of its own, which nothing but that exchange keeps alive. */
function run(
  url: string,
  httpVersion: "1.1" | "2",
  body: "null" | "undefined",
  said: (line: string) => void,
): Promise<number | null> {
  const program = `
    import { nodeConnector } from ${JSON.stringify(module)};
    const say = (line) => process.stdout.write(line + "\\n");
    const connector = nodeConnector({ baseUrl: ${JSON.stringify(url)}, httpVersion: ${JSON.stringify(httpVersion)} });
    const { host } = new URL(${JSON.stringify(url)});
    const head = { method: "POST", scheme: "http", authority: host, path: "/", query: "", fields: [], memo: undefined };
    const exchange = connector.open(head, ${body}, { deadline: Infinity, waitForReady: false, attempt: 0 }, {
      sent() { setTimeout(() => say("alive"), 50).unref(); }, inform() {}, head() {}, data() {}, writable() {},
      end() { exchange.end(null); }, fault(fault) { say(fault.text); }, closed() { say("closed"); },
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trim().split("\n")) said(line);
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
    let running: ServerExchange | undefined;
    const accept: Accept = (exchange) => {
      running = exchange;
      return sink;
    };
    await using server = await listen(accept, { port: 0, host: "127.0.0.1" });
    const lines: string[] = [];
    const code = await run(server.url, httpVersion, body, (line) => {
      lines.push(line);
      // Its own timer does not keep it alive: the exchange does.
      if (line === "alive") running?.reply(200, [], null, null);
    });
    expect([lines, code]).toEqual([["alive", "closed"], 0]);
  },
);
