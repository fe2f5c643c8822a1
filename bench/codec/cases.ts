import type { Case, Line, Plan } from "../case.ts";
import { Contenders } from "../contenders.ts";
import { rounds } from "../rounds.ts";
import type { Asked, Sample, Task } from "./work.ts";

const sizes: Readonly<Record<Sample, string>> = { small: "small, 49 B", rich: "rich, 420 B" };
const programs = {
  millrace: new URL("millrace.ts", import.meta.url),
  protobufjs: new URL("protobufjs.ts", import.meta.url),
  "protobuf-es": new URL("protobuf-es.ts", import.meta.url),
};

async function* run(plan: Plan, tasks: readonly Task[], target: number): AsyncGenerator<Line> {
  for (const sample of ["small", "rich"] satisfies Sample[]) {
    for (const task of tasks) {
      // Each task in processes of its own: what one has taught the compiler is not the other's.
      await using contenders = new Contenders(programs, plan.contenders);
      const asked: Asked = { sample, task, seconds: plan.seconds };
      yield* await rounds(
        plan,
        `${task}, ${sizes[sample]}`,
        { "messages/s": { ratio: target } },
        async (name) => ({
          "messages/s": await contenders.ask<number>(name, "rate", asked),
        }),
      );
    }
  }
}

export const codecCases: readonly Case[] = [
  {
    group: "codec",
    name: "codec-binary",
    title: "messages in binary, encoded and decoded",
    peers: ["protobufjs", "protobuf-es"],
    run: (plan) => run(plan, ["encode", "decode"], 1.3),
  },
  {
    group: "codec",
    name: "codec-json",
    title: "messages as JSON in UTF-8, encoded and decoded",
    peers: ["protobuf-es"],
    run: (plan) => run(plan, ["encode JSON", "decode JSON"], 2),
  },
];
