import { describe } from "../../../examples/main-job/src/carriages.ts";
import { Mismatch } from "../../../examples/main-job/src/check.ts";
import type { Check } from "../../../examples/main-job/src/check.ts";
import type { SampleFile } from "../../../examples/main-job/src/sample-file.ts";
import { Pair, streamCarriages } from "./transfer.ts";
import type { Needed } from "./transfer.ts";

/** In MiB: how much more than when it is idle a process may have resident while a file of any size goes through it. */
export const memoryLimit = 100;

/** The file up and down through FileService, over everything that carries it, each side being the slow one. */
export function memoryChecks(sample: SampleFile): Check[] {
  const size = sample.size / 1024 / 1024;
  return (["upload", "download"] as const).flatMap((direction) =>
    (["client", "server"] as const).flatMap((slow) =>
      streamCarriages.map((carriage): Check => ({
        what: `${size} MiB ${direction}, the ${slow} being slow`,
        over: describe(carriage),
        expected: "works",
        async run() {
          await using pair = await Pair.start(carriage, sample);
          return verdict(await pair.transfer(direction, slow));
        },
      })),
    ),
  );
}

/** Throws a Mismatch that names who is past the bound. */
export function verdict({ client, server, ahead }: Needed): string {
  const figures = `client +${client.toFixed(0)} MiB, server +${server.toFixed(0)} MiB, ${ahead.toFixed(0)} MiB under way`;
  const broken = Object.entries({ client, server }).filter(([, mebibytes]) => !(mebibytes <= memoryLimit));
  if (broken.length > 0) {
    const who = broken.map(([name]) => name).join(" and ");
    throw new Mismatch(`${figures}: the ${who} has more than ${memoryLimit} MiB over what it has when idle`);
  }
  return figures;
}
