import { setTimeout as pause } from "node:timers/promises";
import { Mismatch } from "../../../examples/main-job/src/check.ts";
import type { Check } from "../../../examples/main-job/src/check.ts";
import { Program } from "../../support/program.ts";
import type { Census } from "./census.ts";
import type { Load, Tally } from "./client.ts";
import type { Ports } from "./server.ts";

/** How much more may be in use than at the start: what is compiled late, caches. */
const heapGrowth = 2 * 1024 * 1024;
/** How long what has ended may take to be gone: graces and drains are a second each. */
const settleMs = 15_000;
const lookMs = 250;

/** What a run showed. */
interface Report {
  readonly tally: Tally;
  readonly faults: readonly string[];
  readonly left: Readonly<Record<"server" | "client", Left>>;
}

/** What is alive afterwards and was not at the start. */
interface Left {
  readonly objects: string;
  readonly heap: readonly [before: number, after: number];
}

/** A server under 200 calls at once of all kinds, while one client in ten vanishes after some bytes. */
export function vanishingChecks(seconds: number, seed: number): Check[] {
  let running: Promise<Report> | undefined;
  const check = (over: string, look: (report: Report) => string): Check => ({
    what: `200 calls at once, one client in ten vanishes, ${seconds} s`,
    over,
    expected: "works",
    run: async () => look(await (running ??= run(seconds, seed))),
  });
  return [
    check("all who stay", ({ tally: { clients, vanished, right, wrong } }) => {
      if (wrong.length > 0 || right === 0) throw new Mismatch(wrong.join("\n") || "no call was made");
      return `${right} calls of ${clients - vanished} clients, each checked to the byte`;
    }),
    check("who vanish", ({ tally: { vanished, lost } }) => {
      if (lost === 0) throw new Mismatch("no call was lost: nobody vanished");
      return `${vanished} clients were cut off, their ${lost} last calls failed as unavailable`;
    }),
    check("what nobody handles", ({ faults }) => {
      if (faults.length > 0) throw new Mismatch(faults.join("\n"));
      return "no exception, rejection or warning, in neither process";
    }),
    check("what is left in the server", ({ left }) => describe(left.server)),
    check("what is left in the client", ({ left }) => describe(left.client)),
  ];
}

async function run(seconds: number, seed: number): Promise<Report> {
  const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
  await using server = new Program(new URL("server.ts", import.meta.url), flags);
  await using client = new Program(new URL("client.ts", import.meta.url), flags);
  const ports = await server.ask<Ports>("ports");
  const load = (part: Omit<Load, "ports">): Promise<Tally> => client.ask("load", { ports, ...part });

  // What comes up once and stays is there after a while.
  await load({ seed: seed + 1, seconds: Math.max(3, seconds / 6) });
  const before = { server: await settled(server), client: await settled(client) };
  const tally = await load({ seed, seconds });
  const left = {
    server: await compared(server, before.server),
    client: await compared(client, before.client),
  };
  const faults = [...(await server.ask<string[]>("faults")), ...(await client.ask<string[]>("faults"))];
  return { tally, faults, left };
}

/** What is alive when nothing changes any more. */
async function settled(program: Program): Promise<Census> {
  const until = performance.now() + settleMs;
  let last = await program.ask<Census>("census");
  for (;;) {
    await pause(lookMs);
    const next = await program.ask<Census>("census");
    if (performance.now() > until) return next;
    if (changes(last, next) === "" && (await program.ask<number>("running")) === 0) return next;
    last = next;
  }
}

/** What is alive beyond what was, when that is nothing, or after a while. */
async function compared(program: Program, before: Census): Promise<Left> {
  const until = performance.now() + settleMs;
  for (;;) {
    const after = await program.ask<Census>("census");
    const objects = changes(before, after);
    const grown = after.heap - before.heap > heapGrowth;
    if ((objects === "" && !grown) || performance.now() > until)
      return { objects, heap: [before.heap, after.heap] };
    await pause(lookMs);
  }
}

function changes(before: Census, after: Census): string {
  const names = new Set([...Object.keys(before.counts), ...Object.keys(after.counts)]);
  return [...names]
    .map((name) => [name, before.counts[name] ?? 0, after.counts[name] ?? 0] as const)
    .filter(([, was, is]) => is !== was)
    .map(([name, was, is]) => `${name}: ${was}, then ${is}`)
    .join("; ");
}

function describe({ objects, heap: [before, after] }: Left): string {
  const heap = `heap ${mebibytes(before)} MiB, then ${mebibytes(after)}`;
  if (objects !== "") throw new Mismatch(`${objects}; ${heap}`);
  if (after - before > heapGrowth) throw new Mismatch(heap);
  return `no call, stream, socket, timer or listener; ${heap}`;
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
