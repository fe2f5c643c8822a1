import { readFileSync } from "node:fs";
import type { Accept } from "@millrace/exchange";
import { listen } from "@millrace/http2/node";
import { serve } from "@millrace/node";
import { greeter } from "../support/greeter.ts";

/** A server that the suite is run against, once. */
export interface Lane {
  readonly tls: boolean;
  /** What it is asked, as h2spec names it. Absent: everything. */
  readonly sections?: readonly string[];
  /** How many cases that are. */
  readonly cases: number;
  /** Serves on a free port of loopback. */
  start(): Promise<Serving>;
}

export interface Serving {
  readonly port: number;
  close(): Promise<void>;
}

const folder = new URL("../../packages/node/test/tls/", import.meta.url);

/** All, strict ones included. */
const all = 146;
/**
 * Without `http2/3.5/2`, which sends what is no preface, and wants a close without a byte of anything but frames: where HTTP/1.1
 * is served on the same port that is a broken request line, whose answer is 400 (RFC 9112 section 3). `serve-http2` has it.
 */
const besideHttp1 = [
  "generic",
  "hpack",
  "http2/3.5/1",
  ...[4, 5, 6, 7, 8].map((section) => `http2/${section}`),
];

/** The whole server, which has no such path as the suite asks for, and the engine alone, which answers any. */
export const lanes: Readonly<Record<string, Lane>> = {
  serve: { tls: false, sections: besideHttp1, cases: all - 1, start: () => serveWith(false) },
  "serve-http2": { tls: false, cases: all, start: () => serveWith(false, "2") },
  "serve-tls": { tls: true, cases: all, start: () => serveWith(true) },
  engine: { tls: false, cases: all, start: () => engineWith(false) },
  "engine-tls": { tls: true, cases: all, start: () => engineWith(true) },
};

function certificate(): { cert: string; key: string } {
  return {
    cert: readFileSync(new URL("server.pem", folder), "utf8"),
    key: readFileSync(new URL("server-key.pem", folder), "utf8"),
  };
}

async function serveWith(tls: boolean, httpVersion?: "2"): Promise<Serving> {
  const server = await serve({
    ...greeter(),
    host: "127.0.0.1",
    port: 0,
    tls: tls ? certificate() : undefined,
    httpVersion,
  });
  return { port: Number(new URL(server.url).port), close: () => server.close({ graceMs: 0 }) };
}

async function engineWith(tls: boolean): Promise<Serving> {
  const server = await listen({
    accept: hello,
    host: "127.0.0.1",
    tls: tls ? certificate() : undefined,
  });
  return { port: server.port, close: () => server.close(0) };
}

const text = new TextEncoder().encode("hello\n");

/** Answers a request when it is complete. */
const hello: Accept = (exchange) => ({
  data() {},
  end: () => exchange.reply(200, ["content-type", "text/plain"], text, null),
  fault() {},
  writable() {},
  closed() {},
});
