// HPACK beside other implementations in JavaScript: node bench/h2/hpack.ts
import Hpack from "hpack";
import hpackJs from "hpack.js";
import { Decoder } from "../../packages/http2/src/hpack/decoder.ts";
import { Encoder } from "../../packages/http2/src/hpack/encoder.ts";
import type { IndexingPolicy } from "../../packages/http2/src/hpack/indexing-policy.ts";

type List = readonly string[];

const head: List = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/bench.v1.EchoService/Unary"],
  [":authority", "bench.internal:8080"],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["user-agent", "grpc-go/1.85.0"],
  ["grpc-accept-encoding", "gzip"],
  ["x-tenant", "blue"],
  ["x-region", "eu-west-1"],
].flat();
const responseHead: List = [
  ":status",
  "200",
  "content-type",
  "application/grpc",
  "grpc-encoding",
  "identity",
];
const trailers: List = ["grpc-status", "0"];

const hex = (digit: number, length: number): string => digit.toString(16).padStart(length, "0");
const timeout = (turn: number): List => ["grpc-timeout", `${4_000_000 + turn * 7}u`];
const trace = (turn: number): List => [
  "traceparent",
  `00-${hex(turn * 0x9e3779b1, 16)}${hex(turn * 0x85ebca6b, 16)}-${hex(turn * 0xc2b2ae35, 16)}-01`,
];

const pairs = (list: List): [string, string][] =>
  Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] as string, list[2 * i + 1] as string]);

/** The same fields in another order each turn: other blocks of as many indices, as if no cache had seen them. */
function shuffled(turn: number): List {
  const fields = pairs(head);
  for (let left = fields.length, rest = turn; left > 1; rest = Math.floor(rest / left--))
    fields.push(...fields.splice(rest % left, 1));
  return fields.flat();
}

interface Peer {
  readonly name: string;
  /** A new connection's encoder. */
  encoder(): (list: List) => unknown;
  /** And its decoder. */
  decoder(): (block: Uint8Array) => unknown;
}

/** Policies of encoders that, like many, index whatever fits, and of those that never index a path, as nghttp2. */
const indexAll = { never: [], perRequest: [] };
const noPaths = { never: [], perRequest: [":path", "grpc-timeout"] };

const out = new Uint8Array(65_536);

/** Writes the blocks of one connection into `out`, and gives where they end. */
function writer(policy?: IndexingPolicy): (list: List) => number {
  const encoder = new Encoder(policy);
  return (list) => encoder.write(list, out, encoder.begin(out, 0));
}

/** The blocks of these lists, one after the other on one connection. */
function blocksOf(lists: readonly List[], policy?: IndexingPolicy): Buffer[] {
  const write = writer(policy);
  return lists.map((list) => Buffer.from(out.subarray(0, write(list))));
}

const peers: readonly Peer[] = [
  {
    name: "millrace",
    encoder: () => writer(),
    decoder: () => {
      const decoder = new Decoder({ maxOctets: 16_384, maxFields: 100 });
      return (block) => decoder.decode(block, 0, block.length).fields;
    },
  },
  {
    name: "hpack",
    encoder: () => {
      const codec = new Hpack();
      return (list) => codec.encode(pairs(list));
    },
    decoder: () => {
      const codec = new Hpack();
      return (block) => codec.decode(block);
    },
  },
  {
    name: "hpack.js",
    encoder: () => {
      const compressor = hpackJs.compressor.create({ table: { maxSize: 4096 } });
      return (list) => {
        compressor.write(pairs(list).map(([name, value]) => ({ name, value })));
        return compressor.read();
      };
    },
    decoder: () => {
      const decompressor = hpackJs.decompressor.create({ table: { maxSize: 4096 } });
      return (block) => {
        decompressor.write(block);
        decompressor.execute();
        const fields = [];
        for (let field = decompressor.read(); field !== null; field = decompressor.read()) fields.push(field);
        return fields;
      };
    },
  },
];

/** So many blocks a connection has, so many connections are tried. */
const calls = 20_000;
const rounds = 12;

/** Nanoseconds of one call: those of the best connection, as others share the machine. */
async function measure(connect: () => (turn: number) => unknown): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const call = connect();
    let results = 0;
    const started = performance.now();
    for (let turn = 0; turn < calls; turn++) if (call(turn) !== undefined) results++;
    best = Math.min(best, ((performance.now() - started) * 1e6) / calls);
    if (results !== calls) throw new Error("there were calls without a result");
    // hpack.js is made of streams, which have something to do now and then.
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return best;
}

function measureDecoding(peer: Peer, blocks: readonly Buffer[]): Promise<number> {
  return measure(() => {
    const decode = peer.decoder();
    return (turn) => decode(blocks[turn] as Buffer);
  });
}

function measureEncoding(peer: Peer, lists: readonly List[]): Promise<number> {
  return measure(() => {
    const encode = peer.encoder();
    return (turn) => encode(lists[turn] as List);
  });
}

async function row(name: string, figure: (peer: Peer) => Promise<number>): Promise<void> {
  let text = name.padEnd(54);
  for (const peer of peers) text += String(Math.round(await figure(peer))).padStart(10);
  console.log(text);
}

const every = (list: (turn: number) => List): List[] =>
  Array.from({ length: calls }, (_, turn) => list(turn));
const same = every(() => head);
const other = every(shuffled);
const timed = every((turn) => [...head, ...timeout(turn)]);
const changing = every((turn) => [...head, ...timeout(turn), ...trace(turn)]);

console.log(`${"ns per call".padEnd(54)}${peers.map(({ name }) => name.padStart(10)).join("")}`);
for (const [name, blocks] of [
  ["decode 10 fields, indexed, the same block again", blocksOf(same)],
  ["decode 10 fields, indexed, another block", blocksOf(other)],
  ["decode 11 fields, a path and a timeout as literals", blocksOf(timed, noPaths)],
  ["decode 12 fields, a timeout and a trace as literals", blocksOf(changing)],
  ["decode 12 fields, a timeout and a trace inserted", blocksOf(changing, indexAll)],
] as const)
  await row(name, (peer) => measureDecoding(peer, blocks));
for (const [name, lists] of [
  ["encode a response's head, 3 fields, indexed", every(() => responseHead)],
  ["encode trailers, 1 field, indexed", every(() => trailers)],
  ["encode 10 fields, indexed, the same list again", same],
  ["encode 10 fields, indexed, another list", other],
  ["encode 12 fields, a timeout and a trace new", changing],
] as const)
  await row(name, (peer) => measureEncoding(peer, lists));
