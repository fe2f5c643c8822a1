import assert from "node:assert/strict";
import type { Peer, ServerExchange } from "@millrace/exchange";
import { limitsFrom, WindowBudget } from "@millrace/http2";
import { ClientConnection } from "../../../packages/http2/src/client-connection.ts";
import { ServerConnection } from "../../../packages/http2/src/server-connection.ts";
import { ManualRuntime } from "../../../packages/http2/test/support/manual-runtime.ts";
import { Wire } from "../../../packages/http2/test/support/wire.ts";
import { preface } from "../../support/frames.ts";
import type { Target } from "../target.ts";
import { ExchangeWatch } from "./exchange-watch.ts";
import { http2Frames } from "./http2-frames.ts";
import { checkOutput } from "./http2-output.ts";
import { pieces } from "./pieces.ts";
import { http2Words } from "./words.ts";

const peer: Peer = { address: "memory", tls: false, certificate: () => null };
/** Small, so that inputs reach them. */
const limits = limitsFrom({
  maxHeaderBytes: 2_000,
  maxHeaderFields: 20,
  maxContinuations: 3,
  maxConcurrentStreams: 5,
  streamWindowBytes: 1_000,
  maxStreamWindowBytes: 4_000,
  connectionWindowBytes: 70_000,
  outputBacklogBytes: 2_000,
  idleFrameBurst: 30,
  resetBurst: 8,
  drainBytes: 500,
});
/** Output that waits for a peer which does not read: the bound above, what one input may cause, and bodies in their queues. */
const mostWaiting = 512 * 1024;
const body = new Uint8Array(100_000).fill(0x62);
const small = new Uint8Array(20).fill(0x61);
const grants = 1_000_000;

/** What one side made of it. */
interface Side {
  readonly connection: ServerConnection | ClientConnection;
  readonly watches: ExchangeWatch[];
  readonly ends: (string | undefined)[];
  /** Something that is done on this side between two pieces of the input. */
  act(piece: number): void;
}

/** The HTTP/2 engine alone, as server and as client, with the peer's bytes in memory and no clock. */
export const http2: Target = {
  words: http2Words,
  shape: http2Frames,
  run(input) {
    const frames = http2Frames.cut(input);
    const bytes = frames[0] === preface ? input.slice(preface.length) : input;
    return `${run(bytes, Buffer.concat([preface, bytes]), server)}; ${run(bytes, bytes, client)}`;
  },
};

function run(
  input: Uint8Array,
  said: Uint8Array,
  open: (wire: Wire, runtime: ManualRuntime, budget: WindowBudget) => Side,
): string {
  const runtime = new ManualRuntime();
  const wire = new Wire(runtime);
  const budget = new WindowBudget(grants);
  const side = open(wire, runtime, budget);
  const way = input.reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 7);
  wire.isCongested = (way & 1) !== 0;
  runtime.settle();
  pieces(said).forEach((piece, at) => {
    wire.deliver(piece);
    runtime.settle();
    checkBounds(side);
    side.act(at);
    runtime.settle();
    if ((way & 2) !== 0) runtime.advance(50);
    if (at !== 3) return;
    wire.drain();
    runtime.settle();
  });
  wire.drain();
  runtime.settle();
  if ((way & 4) !== 0) for (const watch of side.watches) watch.resume();
  runtime.settle();
  if ((way & 8) !== 0) runtime.advance(60_000);
  if ((way & 16) !== 0) wire.endFromPeer();
  runtime.settle();
  if ((way & 32) !== 0) side.connection.abort();
  runtime.settle();
  checkBounds(side);
  wire.destroy();
  runtime.settle();
  for (const watch of side.watches) watch.resume();
  runtime.settle();
  checkEnd(side, runtime, budget);
  checkOutput(wire.take(), said);
  const last = [...new Set(side.watches.map((watch) => watch.last))].toSorted().slice(0, 2).join(", ");
  const problem = (side.ends[0] ?? "").replaceAll(/\d+|"[^"]*"/g, "_").slice(0, 60);
  return problem === "" ? last : problem;
}

function checkBounds({ connection }: Side): void {
  const { size } = connection.output.writer;
  assert.ok(size <= mostWaiting, `${size} bytes of output wait`);
  assert.ok(
    connection.isClient || connection.streams.size <= limits.maxConcurrentStreams,
    "too many streams",
  );
}

function checkEnd({ watches, ends, connection }: Side, runtime: ManualRuntime, budget: WindowBudget): void {
  assert.equal(ends.length, 1, "the connection's end is told once");
  assert.equal(connection.streams.size, 0, "streams are left");
  assert.deepEqual(
    watches.filter(({ closed }) => closed !== 1).map(({ last }) => last),
    [],
    "closed() comes once for each exchange",
  );
  assert.equal(budget.take(2 * grants), grants, "what windows took of the budget is given back");
  assert.equal(runtime.timers, 0, "timers are armed behind the end");
}

function server(wire: Wire, runtime: ManualRuntime, budget: WindowBudget): Side {
  const watches: ExchangeWatch[] = [];
  const ends: (string | undefined)[] = [];
  const connection = new ServerConnection(wire, runtime, limits, budget, {
    peer,
    keepalive: { intervalMs: 20_000, timeoutMs: 5_000 },
    accept: (exchange) => {
      const watch = serverWatch(exchange, watches.length);
      if (watch === null) return null;
      watches.push(watch);
      return watch.sink;
    },
    closed: (problem) => ends.push(problem),
  });
  const act = (piece: number): void => {
    if (piece % 4 === 3) for (const watch of watches) watch.resume();
    if (piece === 9) connection.drain();
  };
  return { connection, watches, ends, act };
}

/** Each request is answered in another way. */
function serverWatch(exchange: ServerExchange, at: number): ExchangeWatch | null {
  const type = ["content-type", "text/plain"];
  const answer = (): void => exchange.reply(200, type, small, at % 2 === 0 ? null : ["x", "y"]);
  const stream = (): void => {
    exchange.respond(200, type);
    watch.write(body);
    exchange.end(["t", "u"]);
  };
  const ways = [
    () => new ExchangeWatch({ end: answer }),
    () => new ExchangeWatch({ end: stream }),
    () => new ExchangeWatch({ data: () => watch.pause(), end: answer }),
    () => new ExchangeWatch({ data: answer, end: answer }),
    () => new ExchangeWatch({ data: () => watch.reset(8), end: () => watch.reset(2) }),
    () => new ExchangeWatch({ data: () => exchange.inform(103, ["x", "y"]), end: stream }),
    () => new ExchangeWatch({ writable: () => exchange.end(null) }),
    () => null,
  ];
  const watch = ways[at % ways.length]!()!;
  if (watch === null) return null;
  watch.exchange = exchange;
  if (at % ways.length === 2) watch.pause();
  if (at % ways.length === 6) {
    exchange.respond(200, type);
    while (watch.write(small));
  }
  return watch;
}

function client(wire: Wire, runtime: ManualRuntime, budget: WindowBudget): Side {
  const watches: ExchangeWatch[] = [];
  const ends: (string | undefined)[] = [];
  const connection = new ClientConnection(wire, runtime, limits, budget, {
    peer,
    name: "memory",
    keepalive: { intervalMs: 20_000, timeoutMs: 5_000 },
    closed: (problem) => ends.push(problem),
  });
  const open = (sent: Uint8Array | null | undefined, watch: ExchangeWatch): void => {
    const head = { method: "POST", scheme: "http", authority: "a", path: "/", query: "", fields: [] };
    const hints = { deadline: Infinity, attempt: 0 };
    watches.push(watch);
    watch.exchange = connection.open({ ...head, memo: undefined }, sent, hints, watch.clientSink);
  };
  const openSome = (): void => {
    open(null, new ExchangeWatch({}));
    open(body, new ExchangeWatch({}));
    const paused: ExchangeWatch = new ExchangeWatch({ head: () => paused.pause() });
    open(small, paused);
    const resetting: ExchangeWatch = new ExchangeWatch({ head: () => resetting.reset(8) });
    open(undefined, resetting);
    const chatty: ExchangeWatch = new ExchangeWatch({
      data: () => void chatty.write(small),
      end: (exchange) => exchange.end(null),
    });
    open(undefined, chatty);
  };
  openSome();
  const act = (piece: number): void => {
    if (piece === 5) openSome();
    if (piece % 4 === 3) for (const watch of watches) watch.resume();
    if (piece === 9) connection.retire();
  };
  return { connection, watches, ends, act };
}
