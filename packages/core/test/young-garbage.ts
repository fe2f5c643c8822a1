// What ended calls still hold behind collections of young objects alone, in bytes. A program of its own, run with --expose-gc.
import { memoryConnector } from "../src/memory/memory-connector.ts";
import type { Accept, ClientSink, RequestHead, Sink } from "@millrace/exchange";

const { gc } = globalThis as { gc?: (options: { type: "minor" | "major" }) => void };
if (gc === undefined) throw new Error("run it with --expose-gc");

const head: RequestHead = {
  method: "POST",
  scheme: "http",
  authority: "h",
  path: "/",
  query: "",
  fields: [],
  memo: undefined,
};
const nobody: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
const accept: Accept = (exchange) => {
  exchange.reply(200, [], null, null);
  return nobody;
};
const host = { now: () => 0, timer: () => () => {}, root: <T>(run: () => T): T => run() };
const connector = memoryConnector(accept, host);

function exchange(): Promise<void> {
  return new Promise((resolve) => {
    const sink: ClientSink = { ...nobody, sent() {}, inform() {}, head() {}, closed: () => resolve() };
    connector.open(head, null, { deadline: Infinity, attempt: 0 }, sink);
  });
}

/** So many exchanges, some of them at once. */
async function run(count: number): Promise<void> {
  for (let n = 0; n < count; n += 32) {
    await Promise.all(Array.from({ length: 32 }, exchange));
    if (n % 1024 === 0) gc!({ type: "minor" });
  }
  gc!({ type: "minor" });
  gc!({ type: "minor" });
}

await run(20_000);
gc({ type: "major" });
const before = process.memoryUsage().heapUsed;
await run(20_000);
console.log(process.memoryUsage().heapUsed - before);
