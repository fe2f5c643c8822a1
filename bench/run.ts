import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { help } from "../test/support/help.ts";
import { type Case, type Line, ours, type Plan } from "./case.ts";
import { codecCases } from "./codec/cases.ts";
import { h2Cases } from "./h2/cases.ts";
import { median } from "../test/support/median.ts";
import { ratio, spread } from "./samples.ts";
import { tableHead, tableLine } from "./table.ts";

const cases: readonly Case[] = [...h2Cases, ...codecCases];

/** More than this are not measured. */
const mostConnections = 5_000;
/** What a process has open beside connections. */
const otherFiles = 200;

help(`pnpm bench [case or group …] [--peers a,b] [--json FILE] [--quick]

Cases, all of them if none is named:
${cases.map(({ name, title }) => `  ${name.padEnd(16)}${title}`).join("\n")}
Groups: ${groups().join(", ")}
--peers  who stands beside ${ours}: all that a case knows, if absent
--json   writes every figure to a file
--quick  short and only once: it shows that all of this works, and judges nothing`);

try {
  const { chosen, peers, json, quick } = readArguments();
  checkTools();
  const connections = connectionsAllowed();
  const results = [];
  for (const chose of chosen) results.push(await runCase(chose, peers, quick, connections));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...machine(), quick, cases: results })}\n`);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

interface Arguments {
  readonly chosen: readonly Case[];
  readonly peers: readonly string[] | undefined;
  readonly json: string | undefined;
  readonly quick: boolean;
}

function groups(): string[] {
  return [...new Set(cases.map(({ group }) => group))];
}

function readArguments(): Arguments {
  const options = {
    peers: { type: "string" },
    json: { type: "string" },
    quick: { type: "boolean" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  for (const word of positionals)
    if (!cases.some(({ name, group }) => word === name || word === group))
      throw new Error(`there is no case or group ${JSON.stringify(word)}: see --help`);
  const peers = values.peers?.split(",");
  const known = new Set(cases.flatMap((one) => one.peers));
  for (const peer of peers ?? [])
    if (!known.has(peer))
      throw new Error(`there is no peer ${JSON.stringify(peer)}: use ${[...known].join(", ")}`);
  const isChosen = ({ name, group }: Case): boolean =>
    positionals.includes(name) || positionals.includes(group);
  const chosen = positionals.length === 0 ? cases : cases.filter(isChosen);
  return { chosen, peers, json: values.json, quick: values.quick === true };
}

function checkTools(): void {
  if (spawnSync("taskset", ["-V"]).error !== undefined)
    throw new Error("taskset is missing: it is of util-linux (apt install util-linux)");
  if (spawnSync("h2load", ["--version"]).error !== undefined)
    throw new Error("h2load is missing: it is of nghttp2 (apt install nghttp2-client)");
  if (availableParallelism() < 2) throw new Error("two cores are needed, one for each side");
}

/** How many connections a process may have, as far as they are wanted; says so in a line if they are fewer. */
function connectionsAllowed(): number {
  // Node takes as many as it may (the hard limit).
  const files = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim();
  const allowed = files === "unlimited" ? Infinity : Number(files) - otherFiles;
  if (allowed >= mostConnections) return mostConnections;
  console.log(
    `no more than ${allowed} connections at once: a process may have ${files} files open, ${mostConnections + otherFiles} are wanted (ulimit -n)`,
  );
  return allowed;
}

async function runCase(
  { name, title, peers, run }: Case,
  asked: readonly string[] | undefined,
  quick: boolean,
  connections: number,
): Promise<{ name: string; title: string; lines: unknown[] }> {
  const contenders = [ours, ...peers.filter((peer) => asked?.includes(peer) ?? true)];
  const plan: Plan = {
    ...(quick ? { seconds: 0.2, rounds: 1 } : { seconds: 1.5, rounds: 5 }),
    contenders,
    connections,
  };
  console.log(`\n${name}: ${title}\n${tableHead(plan)}`);
  const lines = [];
  for await (const line of run(plan)) {
    console.log(tableLine(line, plan));
    lines.push(withMedians(line));
  }
  return { name, title, lines };
}

/** With what the table has of each contender. `ratio`: ours to theirs. */
function withMedians(line: Line): Line & { figures: unknown } {
  const figures = Object.entries(line.samples).map(([contender, samples]) => [
    contender,
    { median: median(samples), spread: spread(samples), ratio: ratio(line.samples[ours]!, samples) },
  ]);
  return { ...line, figures: Object.fromEntries(figures) };
}

/** What figures depend on. */
function machine(): { commit: string; node: string; cpu: string } {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  return { commit, node: process.version, cpu: cpus()[0]?.model ?? "unknown" };
}
