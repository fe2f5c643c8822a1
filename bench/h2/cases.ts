import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onCore, Program } from "../../test/support/program.ts";
import type { Case, Line, Plan } from "../case.ts";
import { Contenders, loadCore } from "../contenders.ts";
import type { Answered } from "../load/answered.ts";
import type { Heads } from "../load/call-frames.ts";
import type { CallsAsked } from "../load/calls.ts";
import { h2load } from "../load/h2load.ts";
import { rounds } from "../rounds.ts";
import { path, request } from "./call.ts";
import type { Work } from "./client-work.ts";
import { connectionGrowth, streamGrowth } from "./growth.ts";
import { bare, startServers } from "./servers.ts";

const calls = new URL("../load/calls.ts", import.meta.url);

/** Loads a server by h2load. */
async function* byH2load(
  plan: Plan,
  connections: number,
  streams: number,
  isTls: boolean,
  ratio: number,
): AsyncGenerator<Line> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const body = join(folder, "request");
  writeFileSync(body, request);
  const { contenders, ports } = await startServers(plan.contenders, isTls);
  await using _ = contenders;
  try {
    const inFlight = connections * streams;
    const counts: Record<string, number> = {};
    yield* await rounds(plan, `${connections} × ${streams}`, { "calls/s": { ratio } }, (name) =>
      contenders.figures(name, async () => {
        const url = `${isTls ? "https" : "http"}://127.0.0.1:${ports[name]!}${path}`;
        const load = { url, connections, streams, body, core: loadCore };
        const answered = await h2load(load, (counts[name] ??= inFlight * 50));
        counts[name] = Math.ceil((answered.rate * plan.seconds) / inFlight) * inFlight;
        return answered;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads a server by frames that were made before. */
async function* byFrames(plan: Plan, heads: Heads): AsyncGenerator<Line> {
  const { contenders, ports } = await startServers(plan.contenders, false);
  await using _ = contenders;
  await using load = new Program(calls, [], onCore(loadCore));
  yield* await rounds(plan, "8 × 32", {}, (name) => {
    const asked = { port: ports[name]!, connections: 8, streams: 32, heads, seconds: plan.seconds };
    return contenders.figures(name, () => load.ask<Answered>("calls", asked satisfies CallsAsked));
  });
}

async function* client(plan: Plan, inFlight: number, ratio: number): AsyncGenerator<Line> {
  const programs = {
    millrace: new URL("engine-client.ts", import.meta.url),
    [bare]: new URL("node-client.ts", import.meta.url),
  };
  await using contenders = new Contenders(programs, plan.contenders);
  await using server = new Program(
    new URL("../load/canned-server.ts", import.meta.url),
    [],
    onCore(loadCore),
  );
  const work: Work = { port: await server.ask<number>("listen"), inFlight, seconds: plan.seconds };
  yield* await rounds(plan, `${inFlight} in flight`, { "calls/s": { ratio } }, (name) =>
    contenders.figures(name, () => contenders.ask<Answered>(name, "calls", work)),
  );
}

const common = { group: "h2", peers: [bare] };
const reply = "a server that answers unary gRPC with a fixed reply";

export const h2Cases: readonly Case[] = [
  {
    ...common,
    name: "h2-8x32",
    title: `${reply}: 8 connections × 32 streams, by h2load`,
    run: (plan) => byH2load(plan, 8, 32, false, 5),
  },
  {
    ...common,
    name: "h2-64x1",
    title: `${reply}: 64 connections × 1 stream, by h2load`,
    run: (plan) => byH2load(plan, 64, 1, false, 3),
  },
  {
    ...common,
    name: "h2-tls",
    title: `${reply}: 8 connections × 32 streams over TLS, by h2load`,
    run: (plan) => byH2load(plan, 8, 32, true, 4),
  },
  {
    ...common,
    name: "h2-literal",
    title: "the same, by frames made before: grpc-timeout and traceparent differ, as literals",
    run: (plan) => byFrames(plan, "literal"),
  },
  {
    ...common,
    name: "h2-indexed",
    title: "the same, and the client inserts both into the table",
    run: (plan) => byFrames(plan, "indexed"),
  },
  {
    ...common,
    name: "h2-client",
    title: "a client on one connection, to a server whose answers were made before",
    run: (plan) => client(plan, 64, 3),
  },
  {
    ...common,
    name: "h2-streams",
    title: `${reply}: as streams of one connection grow in number`,
    run: streamGrowth,
  },
  {
    ...common,
    name: "h2-connections",
    title: `${reply}: as connections grow in number, one stream each`,
    run: connectionGrowth,
  },
];
