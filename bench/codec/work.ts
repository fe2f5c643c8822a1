import type { MessageInitShape } from "@bufbuild/protobuf";
import { answer } from "../../test/support/program-answers.ts";
import type { RecordSchema } from "../../gen/millrace/bench/v1/record_pb.ts";

/** What is encoded and decoded, by name. */
export const samples = {
  small: { name: "hello world", id: 42, payload: new Uint8Array(32).fill(1) },
  rich: {
    name: "hello world",
    id: 42,
    values: [1, 2, 3, 4.5, 6],
    labels: { a: "b", c: "d", region: "eu-west-1" },
    payload: new Uint8Array(64).fill(1),
    first: { key: "k", value: 12_345n, flag: true },
    parts: Array.from({ length: 20 }, (_, i) => ({
      key: `key${i}`,
      value: BigInt(i * 1000),
      flag: i % 2 === 0,
    })),
  },
} satisfies Record<string, MessageInitShape<typeof RecordSchema>>;

export type Sample = keyof typeof samples;
export type Task = "encode" | "decode" | "encode JSON" | "decode JSON";

/** What a contender does with a sample. `check` throws if it does it wrongly. */
export type Work = Readonly<Partial<Record<Task, () => unknown>>> & { check(): void };

export interface Asked {
  readonly sample: Sample;
  readonly task: Task;
  readonly seconds: number;
}

/** Between two looks at the clock. */
const batch = 200;

/** Answers how many times a second the work is done. */
export function contend(prepare: (sample: Sample) => Work): void {
  const prepared = new Map<Sample, Work>();
  answer({
    rate: ({ sample, task, seconds }: Asked): number => {
      let work = prepared.get(sample);
      if (work === undefined) {
        work = prepare(sample);
        work.check();
        prepared.set(sample, work);
      }
      const once = work[task];
      if (once === undefined) throw new Error(`it does not ${task}`);
      const started = performance.now();
      let count = 0;
      let results = 0;
      let elapsed = 0;
      while (elapsed < seconds * 1000) {
        for (let i = 0; i < batch; i++) if (once() !== undefined) results++;
        count += batch;
        elapsed = performance.now() - started;
      }
      if (results !== count) throw new Error("nothing came out");
      return count / (elapsed / 1000);
    },
  });
}
