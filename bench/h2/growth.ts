import { onCore, Program } from "../../test/support/program.ts";
import type { Line, Plan } from "../case.ts";
import { loadCore } from "../contenders.ts";
import type { Answered } from "../load/answered.ts";
import type { CallsAsked, HoldAsked } from "../load/calls.ts";
import { rounds } from "../rounds.ts";
import { startServers } from "./servers.ts";

const calls = new URL("../load/calls.ts", import.meta.url);

/** What the whole RPC server may hold, in bytes. */
const mostOfStream = 4096;
const mostOfConnection = 24_576;

export async function* streamGrowth(plan: Plan): AsyncGenerator<Line> {
  for (const streams of [1, 10, 100, 1_000, 10_000])
    yield* rates(plan, counted(streams, "stream"), 1, streams);
  yield* memory(plan, "a stream at rest, of 10,000", 1, 10_000, mostOfStream);
}

export async function* connectionGrowth(plan: Plan): AsyncGenerator<Line> {
  const most = plan.connections;
  for (const connections of new Set([1, 10, 100, 1_000, most]))
    if (connections <= most) yield* rates(plan, counted(connections, "connection"), connections, 1);
  yield* memory(plan, `an idle connection, of ${most.toLocaleString("en-US")}`, most, 0, mostOfConnection);
}

const counted = (n: number, of: string): string => `${n.toLocaleString("en-US")} ${of}${n === 1 ? "" : "s"}`;

async function* rates(plan: Plan, what: string, connections: number, streams: number): AsyncGenerator<Line> {
  const { contenders, ports } = await startServers(plan.contenders, false);
  await using _ = contenders;
  await using load = new Program(calls, [], onCore(loadCore));
  // Long enough for each of them to have had some turns.
  const seconds = Math.max(plan.seconds / 2, connections / 5_000, streams / 10_000);
  yield* await rounds({ ...plan, rounds: Math.min(3, plan.rounds) }, what, {}, (name) => {
    const asked = { port: ports[name]!, connections, streams, heads: "same", seconds } satisfies CallsAsked;
    return contenders.figures(name, () => load.ask<Answered>("calls", asked));
  });
}

/** Little room for short-lived objects, in V8's terms: what is measured is not to vanish in it. */
const smallYoungGeneration = ["--max-semi-space-size=1"];

/** Each time in new processes, which have done a few calls before: what they hold more by then, for each of so many. */
async function* memory(
  plan: Plan,
  what: string,
  connections: number,
  streams: number,
  most: number,
): AsyncGenerator<Line> {
  const each = Math.max(connections, streams);
  yield* await rounds(
    { ...plan, rounds: Math.min(3, plan.rounds) },
    what,
    { "bytes, RSS": { most } },
    async (name) => {
      const { contenders, ports } = await startServers([name], false, smallYoungGeneration);
      await using _ = contenders;
      await using load = new Program(calls, [], onCore(loadCore));
      const port = ports[name]!;
      const warm: CallsAsked = { port, connections: 1, streams: 8, heads: "literal", seconds: 0.05 };
      await load.ask("calls", warm);
      const before = await contenders.memory(name);
      await load.ask("hold", { port, connections, streams } satisfies HoldAsked);
      const after = await contenders.memory(name);
      return {
        "bytes, counted": (after.counted - before.counted) / each,
        "bytes, RSS": (after.resident - before.resident) / each,
      };
    },
  );
}
