// HPACK against other implementations: node packages/http2/test/hpack/differential/run.ts [--seed N] [--runs N]
import { parseArgs } from "node:util";
import * as fc from "fast-check";
import { Encoder } from "../../../src/hpack/encoder.ts";
import { decode, encode, roomyDecoder } from "../support.ts";
import { nghttp2Tools } from "./nghttp2-tools.ts";
import type { BlockStep, Decoded, ListStep, Peer } from "./peer.ts";
import { pythonHpack } from "./python-hpack.ts";
import { findTools } from "./tools.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, runs: { type: "string", default: "300" } },
});
const parameters = { seed: Number(values.seed), numRuns: Number(values.runs) };

const names = [
  ":method",
  ":path",
  ":status",
  "content-type",
  "cookie",
  "grpc-timeout",
  "te",
  "x-a",
  "x-long-name",
];
const settings = fc.constantFrom(0, 31, 60, 100, 500, 4095, 4096, 10_000);

/** Connections of lists whose strings have the octets that a peer can take. Names and values come again. */
function connectionsOf({ octets }: Peer): ListStep[][] {
  const character = fc.integer(octets).map((octet) => String.fromCharCode(octet));
  const text = (maxLength: number): fc.Arbitrary<string> =>
    fc.string({ unit: character, minLength: 1, maxLength });
  const value = fc.oneof(
    fc.constantFrom("", "0", "200", "POST", "/", "application/grpc", "v".repeat(300), "v".repeat(3000)),
    text(50),
  );
  const field = fc.tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: text(20) }),
    value,
  );
  const step = fc.record({
    setting: fc.option(settings, { freq: 4, nil: undefined }),
    fields: fc.array(field, { minLength: 1, maxLength: 10 }).map((fields) => fields.flat()),
  });
  return fc.sample(fc.array(step, { minLength: 1, maxLength: 15 }), parameters);
}

function ourBlocks(steps: readonly ListStep[]): BlockStep[] {
  const encoder = new Encoder();
  return steps.map(({ setting, fields }) => {
    if (setting !== undefined) encoder.setMaxTableOctets(setting);
    return { setting, block: encode(encoder, fields) };
  });
}

function ourDecoded(steps: readonly BlockStep[]): Decoded[] {
  const decoder = roomyDecoder();
  const decoded: Decoded[] = [];
  for (const { setting, block } of steps) {
    if (setting !== undefined) decoder.setMaxTableOctets(setting);
    const { outcome, fields } = decode(decoder, block);
    decoded.push(outcome === "fields" ? fields : "error");
    if (outcome !== "fields") break;
  }
  return decoded;
}

/** Blocks with one or two octets that are others, or are gone. */
function spoiled(connections: readonly (readonly BlockStep[])[]): BlockStep[][] {
  const change = fc.tuple(fc.nat(), fc.nat(255), fc.boolean());
  const changes = fc.sample(fc.array(change, { minLength: 1, maxLength: 2 }), {
    ...parameters,
    numRuns: connections.length,
  });
  return connections.map((steps, i) =>
    steps.map((step, j) => {
      // All of them would end at their first block.
      if (j !== steps.length >> 1 || step.block.length === 0) return step;
      const octets = [...step.block];
      for (const [at, octet, isGone] of changes[i] ?? [])
        octets.splice(at % octets.length, 1, ...(isGone ? [] : [octet]));
      return { ...step, block: Uint8Array.from(octets) };
    }),
  );
}

/** Whether two decoders made the same of a block, as far as the peer, the second, can show it. */
function isSame({ octets }: Peer, ours: Decoded | undefined, theirs: Decoded | undefined): boolean {
  if (ours === "error" || theirs === "error" || ours === undefined) return ours === theirs;
  const isShown = ours.every((text) =>
    Array.from(text).every((character) => {
      const octet = character.charCodeAt(0);
      return octet >= octets.min && octet <= octets.max;
    }),
  );
  return isShown ? JSON.stringify(ours) === JSON.stringify(theirs) : theirs !== undefined;
}

let differences = 0;

/** What came of connections, and what should have. */
function compare(peer: Peer, what: string, got: readonly Decoded[][], expected: readonly Decoded[][]): void {
  let blocks = 0;
  let errors = 0;
  let different = 0;
  got.forEach((decoded, i) => {
    blocks += decoded.length;
    if (decoded.at(-1) === "error") errors++;
    const other = expected[i] ?? [];
    const at = Array.from({ length: Math.max(decoded.length, other.length) }).findIndex(
      (_, j) => !isSame(peer, decoded[j], other[j]),
    );
    if (at < 0) return;
    if (different++ === 0)
      console.log(`connection ${i}, block ${at}: got`, decoded[at], "expected", other[at]);
  });
  differences += different;
  console.log(
    `${what}: ${got.length} connections, ${blocks} blocks, ${errors} errors, ${different} different`,
  );
}

function run(peer: Peer): void {
  const lists = connectionsOf(peer);
  const fieldsOf = (connections: readonly ListStep[][]): Decoded[][] =>
    connections.map((steps) => steps.map(({ fields }) => fields));

  const ours = lists.map(ourBlocks);
  compare(peer, `${peer.name} decodes ours`, peer.decode(ours), fieldsOf(lists));

  const theirLists = peer.resizes
    ? lists
    : lists.map((steps) => steps.map((step, i) => (i === 0 ? step : { fields: step.fields })));
  const blocks = peer.encode(theirLists);
  const theirs = theirLists.map((steps, i) =>
    steps.map(({ setting }, j) => ({ setting, block: blocks[i]![j]! })),
  );
  compare(peer, `ours decodes ${peer.name}'s`, theirs.map(ourDecoded), fieldsOf(theirLists));

  for (const [whose, connections] of [
    ["ours", ours],
    [`${peer.name}'s`, theirs],
  ] as const) {
    const bad = spoiled(connections);
    compare(peer, `both decode ${whose}, spoiled`, bad.map(ourDecoded), peer.decode(bad));
  }
}

try {
  const { deflatehd, inflatehd, python } = findTools();
  console.log(`seed ${parameters.seed}`);
  run(pythonHpack(python));
  run(nghttp2Tools(deflatehd, inflatehd));
  if (differences > 0) process.exitCode = 1;
} catch (error) {
  console.error(`hpack: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
