import * as fc from "fast-check";
import { Encoder } from "../../../src/hpack/encoder.ts";
import { decode, encode, roomyDecoder } from "../support.ts";
import type { BlockStep, Decoded, ListStep, Peer } from "./peer.ts";

/** Which connections are made up, and how many. */
export interface Sample {
  readonly seed: number;
  readonly numRuns: number;
}

/** What we and a peer make of the same. */
export interface Comparison {
  readonly name: string;
  /** Gives what was compared, in a line. Throws, with the first difference, if there is one. */
  readonly run: () => string;
}

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
function connectionsOf({ octets }: Peer, sample: Sample): ListStep[][] {
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
  return fc.sample(fc.array(step, { minLength: 1, maxLength: 15 }), sample);
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
function spoiled(connections: readonly (readonly BlockStep[])[], { seed }: Sample): BlockStep[][] {
  const change = fc.tuple(fc.nat(), fc.nat(255), fc.boolean());
  const changes = fc.sample(fc.array(change, { minLength: 1, maxLength: 2 }), {
    seed,
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

/** What came of connections, and what should have. */
function compare(peer: Peer, got: readonly Decoded[][], expected: readonly Decoded[][]): string {
  let blocks = 0;
  let errors = 0;
  const differences: string[] = [];
  got.forEach((decoded, i) => {
    blocks += decoded.length;
    if (decoded.at(-1) === "error") errors++;
    const other = expected[i] ?? [];
    const at = Array.from({ length: Math.max(decoded.length, other.length) }).findIndex(
      (_, j) => !isSame(peer, decoded[j], other[j]),
    );
    if (at < 0) return;
    const [first, second] = [decoded[at], other[at]].map((one) => JSON.stringify(one));
    differences.push(`connection ${i}, block ${at}: got ${first}, expected ${second}`);
  });
  const counts = `${got.length} connections, ${blocks} blocks, ${errors} errors`;
  if (differences.length === 0) return counts;
  throw new Error(`${counts}, ${differences.length} different; ${differences[0]}`);
}

/** All that can be compared with a peer, on the same connections. */
export function comparisons(peer: Peer, sample: Sample): Comparison[] {
  const lists = connectionsOf(peer, sample);
  const theirLists = peer.resizes
    ? lists
    : lists.map((steps) => steps.map((step, i) => (i === 0 ? step : { fields: step.fields })));
  const fieldsOf = (connections: readonly ListStep[][]): Decoded[][] =>
    connections.map((steps) => steps.map(({ fields }) => fields));
  const ours = (): BlockStep[][] => lists.map(ourBlocks);
  const theirs = (): BlockStep[][] => {
    const blocks = peer.encode(theirLists);
    return theirLists.map((steps, i) => steps.map(({ setting }, j) => ({ setting, block: blocks[i]![j]! })));
  };
  const bothDecode = (connections: readonly (readonly BlockStep[])[]): string => {
    const bad = spoiled(connections, sample);
    return compare(peer, bad.map(ourDecoded), peer.decode(bad));
  };
  return [
    { name: "it_decodes_ours", run: () => compare(peer, peer.decode(ours()), fieldsOf(lists)) },
    {
      name: "we_decode_its",
      run: () => compare(peer, theirs().map(ourDecoded), fieldsOf(theirLists)),
    },
    { name: "both_decode_ours_spoiled", run: () => bothDecode(ours()) },
    { name: "both_decode_its_spoiled", run: () => bothDecode(theirs()) },
  ];
}
