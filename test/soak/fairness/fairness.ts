import { protocolNames } from "../../../examples/main-job/src/carriages.ts";
import { Mismatch } from "../../../examples/main-job/src/check.ts";
import type { Check } from "../../../examples/main-job/src/check.ts";
import type { Bulk } from "../bulk/move.ts";
import { median } from "../../support/median.ts";
import { Program } from "../../support/program.ts";
import { repeated } from "../repeated.ts";
import type { Latencies } from "./client.ts";

/** How many times longer small calls may take beside a body on their connection than beside one on another. */
const bound = 2;
const rounds = 3;

/** Small calls while a body of so many MiB moves, on the same connection and on another. */
export function fairnessChecks(mebibytes: number): Check[] {
  return (["download", "upload"] as const).flatMap((direction) =>
    (["grpc", "connect"] as const).map((protocol): Check => ({
      what: `small calls beside ${direction === "upload" ? "an" : "a"} ${direction} of ${mebibytes} MiB`,
      over: `${protocolNames[protocol].padEnd(8)}  HTTP/2`,
      expected: "works",
      run: () => repeated(async () => verdict(await measured({ direction, mebibytes }, protocol))),
    })),
  );
}

async function measured(bulk: Bulk, protocol: "grpc" | "connect"): Promise<Latencies[]> {
  await using server = new Program(new URL("../bulk/server.ts", import.meta.url));
  await using client = new Program(new URL("client.ts", import.meta.url));
  await client.ask("connect", { baseUrl: await server.ask<string>("url"), protocol });
  // What is compiled late is not measured.
  await client.ask("round", { ...bulk, mebibytes: Math.ceil(bulk.mebibytes / 4) });
  const taken: Latencies[] = [];
  for (let i = 0; i < rounds; i++) taken.push(await client.ask<Latencies>("round", bulk));
  return taken;
}

/** Throws a Mismatch that names the bound if it does not hold. */
export function verdict(taken: readonly Latencies[]): string {
  const same = median(taken.map((round) => median(round.same)));
  const other = median(taken.map((round) => median(round.other)));
  const ratio = median(taken.map((round) => median(round.same) / median(round.other)));
  const calls = taken.reduce((sum, round) => sum + round.same.length, 0);
  const seconds = median(taken.map((round) => round.seconds));
  const figures = `median ratio ${ratio.toFixed(2)}: ${same.toFixed(2)} ms beside it, ${other.toFixed(2)} ms on another connection, medians of ${calls} calls each; the body took ${seconds.toFixed(1)} s`;
  if (!(ratio <= bound)) throw new Mismatch(`${figures}: the ratio is above ${bound}`);
  return figures;
}
