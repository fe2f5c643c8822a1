import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describe as inWords } from "../../examples/main-job/src/carriages.ts";
import { makeSampleFile } from "../../examples/main-job/src/sample-file.ts";
import type { SampleFile } from "../../examples/main-job/src/sample-file.ts";
import { memoryLimit } from "../soak/memory/memory.ts";
import { Pair, streamCarriages } from "../soak/memory/transfer.ts";

/** What `pnpm soak` does with gigabytes. */
const mebibytes = 64;

let sample: SampleFile;

beforeAll(async () => {
  sample = await makeSampleFile("sample", mebibytes);
});

afterAll(() => sample[Symbol.dispose]());

describe.each(streamCarriages.map((carriage) => [inWords(carriage), carriage] as const))(
  `${mebibytes} MiB through FileService, client and server each a process: %s`,
  (_, carriage) => {
    let pair: Pair;

    beforeAll(async () => {
      pair = await Pair.start(carriage, sample);
    });

    afterAll(() => pair[Symbol.asyncDispose]());

    test.each([
      ["upload", "client"],
      ["upload", "server"],
      ["download", "client"],
      ["download", "server"],
    ] as const)(
      `%s, the %s being slow: each stays under ${memoryLimit} MiB over its idle size`,
      async (direction, slow) => {
        const { client, server, ahead } = await pair.transfer(direction, slow);
        expect(Math.max(client, server)).toBeLessThan(memoryLimit);
        // Over HTTP/1.1 the kernel holds what is under way: as much as it likes, on a fast link.
        expect(ahead).toBeLessThan(carriage.httpVersion === "2" ? 8 : 0.75 * mebibytes);
      },
    );
  },
);
