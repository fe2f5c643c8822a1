import { Mismatch } from "../../../examples/main-job/src/check.ts";
import type { Check } from "../../../examples/main-job/src/check.ts";
import { RunningServer, runToEnd } from "../../interop/program.ts";
import type { Bulk } from "../bulk/move.ts";
import { median } from "../../support/median.ts";
import { Program } from "../../support/program.ts";
import { repeated } from "../repeated.ts";
import { grpcGo } from "./grpc-go.ts";

/** Of what grpc-go reaches. */
const bound = 0.9;
const rounds = 5;
/** One way, in milliseconds. */
const delayMs = 25;
const messagesPerMebibyte = 16;

/** How many MiB a second each moved, in each round. */
interface Rates {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** A body of so many MiB over a link whose round trip takes 50 ms, by us and by grpc-go, connection by connection in turn. */
export function delayedLinkChecks(mebibytes: number): Check[] {
  return (["download", "upload"] as const).map((direction): Check => ({
    what: `${direction} of ${mebibytes} MiB over a link of ${2 * delayMs} ms`,
    over: "gRPC      HTTP/2",
    expected: "works",
    run: () => repeated(async () => verdict(await measured({ direction, mebibytes }))),
  }));
}

async function measured(bulk: Bulk): Promise<Rates> {
  await using server = new Program(new URL("../bulk/server.ts", import.meta.url));
  await using client = new Program(new URL("client.ts", import.meta.url));
  await using link = new Program(new URL("proxy.ts", import.meta.url));
  const theirServer = await RunningServer.start({ program: grpcGo, args: ["server"] });
  try {
    const ourPort = Number(new URL(await server.ask<string>("url")).port);
    const ours = await link.ask<number>("link", { port: ourPort, delayMs });
    const theirs = await link.ask<number>("link", { port: theirServer.port, delayMs });
    // What is compiled late is not measured.
    await client.ask("transfer", { port: ours, ...bulk });
    const rates = { ours: [] as number[], theirs: [] as number[] };
    for (let i = 0; i < rounds; i++) {
      rates.ours.push(bulk.mebibytes / (await client.ask<number>("transfer", { port: ours, ...bulk })));
      rates.theirs.push(bulk.mebibytes / (await transferByGrpcGo(theirs, bulk)));
    }
    return rates;
  } finally {
    await theirServer.stop();
  }
}

/** Gives seconds. */
async function transferByGrpcGo(port: number, { direction, mebibytes }: Bulk): Promise<number> {
  const args = ["client", `127.0.0.1:${port}`, direction, String(mebibytes * messagesPerMebibyte)];
  const { exitCode, stdout, stderr } = await runToEnd({ program: grpcGo, args });
  if (exitCode !== 0) throw new Error(`grpc-go: ${stderr.trim()}`);
  return Number(stdout);
}

/** Throws a Mismatch that names the bound if it does not hold. */
export function verdict({ ours, theirs }: Rates): string {
  const ratio = median(ours.map((rate, round) => rate / theirs[round]!));
  const figures = `median ratio ${ratio.toFixed(2)}: ${median(ours).toFixed(0)} MiB/s, grpc-go ${median(theirs).toFixed(0)} MiB/s, medians of ${rounds}`;
  if (!(ratio >= bound)) throw new Mismatch(`${figures}: the ratio is below ${bound}`);
  return figures;
}
