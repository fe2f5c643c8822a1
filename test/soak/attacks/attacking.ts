import { availableParallelism } from "node:os";
import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { Mismatch } from "../../../examples/main-job/src/check.ts";
import type { Check } from "../../../examples/main-job/src/check.ts";
import { median } from "../../support/median.ts";
import { onCore, Program } from "../../support/program.ts";
import { repeated } from "../repeated.ts";
import { attacks } from "./attacks.ts";

/** What is left of the calls that are answered without the attack, at least. */
const leastRatio = 0.9;
/** How much more a server may have resident, in MiB. */
const mostMemory = 32;
/** Without the attack and under it, by turns: the median says what holds when nothing else disturbs. */
const rounds = 5;
/** How long connections that say too little may stay: the server's handshake timeout, and a little. */
const handshakeMs = 12_000;
const lookMs = 100;

/** What a run showed. */
interface Report {
  /** Calls that were answered under the attack, as a part of those without it. */
  readonly ratio: number;
  /** How many calls were answered under the attack. */
  readonly answered: number;
  /** Connections that the attacker made. */
  readonly made: number;
  /** In MiB. */
  readonly grown: number;
}

/** A server under each attack, and somebody else who calls it meanwhile. */
export function attackChecks(seconds: number): Check[] {
  const ms = Math.max(300, (seconds * 1000) / 60);
  const checks = Object.keys(attacks).map((name): Check => ({
    what: "calls under attack, on another connection",
    over: name,
    expected: "works",
    run: () => repeated(async () => verdict(await run(name, ms))),
  }));
  return [...checks, silent];
}

const silent: Check = {
  what: "what says too little is cut off",
  over: "2,000 connections that stop inside the preface",
  expected: "works",
  async run() {
    await using server = new Program(new URL("server.ts", import.meta.url));
    await using attacker = new Program(new URL("attacker.ts", import.meta.url));
    const port = await server.ask<number>("port");
    await attacker.ask("start", { name: silent.over, port });
    const until = performance.now() + handshakeMs;
    while ((await attacker.ask<number>("standing")) > 0) {
      if (performance.now() > until)
        throw new Mismatch(`${await attacker.ask<number>("standing")} are open after ${handshakeMs} ms`);
      await pause(lookMs);
    }
    return "none is open after the handshake timeout";
  },
};

/** Throws a Mismatch that names the bounds that do not hold. */
export function verdict({ ratio, answered, made, grown }: Report): string {
  const share = `${answered} calls, median ratio ${ratio.toFixed(2)} to those without it`;
  const figures = `${share}, +${grown.toFixed(0)} MiB; ${made} connections attacked`;
  const broken: string[] = [];
  if (!(ratio >= leastRatio)) broken.push(`the ratio is below ${leastRatio}`);
  if (!(grown <= mostMemory)) broken.push(`more than ${mostMemory} MiB`);
  if (broken.length > 0) throw new Mismatch(`${figures}: ${broken.join(", ")}`);
  return figures;
}

async function run(name: string, ms: number): Promise<Report> {
  await using server = new Program(new URL("server.ts", import.meta.url), [], places.server);
  await using attacker = new Program(new URL("attacker.ts", import.meta.url), [], places.attacker);
  await using caller = new Program(new URL("caller.ts", import.meta.url), [], places.caller);
  const port = await server.ask<number>("port");
  await caller.ask("connect", port);
  await caller.ask("warmUp");
  const idle = await server.ask<number>("idle");
  const ratios: number[] = [];
  let answered = 0;
  let made = 0;
  for (let round = 0; round < rounds; round++) {
    const without = await caller.ask<number>("calls", ms);
    await attacker.ask("start", { name, port });
    const under = await caller.ask<number>("calls", ms);
    made += await attacker.ask<number>("stop");
    ratios.push(under / without);
    answered += under;
    // What stood is let go of.
    await caller.ask("calls", ms / 4);
  }
  const grown = (await server.ask<number>("peak")) - idle;
  return { ratio: median(ratios), answered, made, grown };
}

/**
 * The server has both cores: one turns its event loop, and the garbage collector's threads find the other. The caller has the
 * one, the attacker what is left of the other (SCHED_IDLE): it takes nothing of what those two need, and whatever the caller
 * waits for is the server's doing.
 */
const places = canPin()
  ? {
      server: onCore(0, 1),
      attacker: [...onCore(0), "chrt", "--idle", "0"],
      caller: onCore(1),
    }
  : { server: [], attacker: [], caller: [] };

function canPin(): boolean {
  if (process.platform !== "linux" || availableParallelism() < 2) return false;
  return spawnSync("taskset", ["-c", "0,1", "chrt", "--idle", "0", "true"]).status === 0;
}
