import { describe, expect, test } from "vitest";
import { envelop } from "../../packages/core/src/protocol/envelope.ts";
import { data, preface, settings } from "../support/frames.ts";
import { Attempts } from "./attempt.ts";
import { Coverage } from "./coverage.ts";
import { Fuzzer } from "./fuzzer.ts";
import type { Finding } from "./fuzzer.ts";
import { minimize } from "./minimize.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";
import { enveloped, headAndEnvelopes } from "./targets/enveloped.ts";
import { http2Frames } from "./targets/http2-frames.ts";

/** Throws at a word that no single change makes of the seed: what led there step by step has to be kept. */
const locked: Target = {
  words: [],
  run(input) {
    const text = Buffer.from(input).toString("latin1");
    const right = "!open".split("").findIndex((char, at) => text[at] !== char);
    if (right < 0) throw new Error("open");
    return `${right} right`;
  },
};

interface Run {
  readonly finding: Finding | null;
  readonly executions: number;
  readonly kept: readonly Uint8Array[];
  readonly last: Uint8Array;
}

async function fuzz(target: Target, seed: number, mostBatches: number): Promise<Run> {
  const coverage = new Coverage();
  coverage.start();
  const attempts = new Attempts(target);
  let last = new Uint8Array(0);
  const kept: Uint8Array[] = [];
  const fuzzer = new Fuzzer(
    target,
    attempts,
    new Random(seed),
    coverage,
    (input) => (last = input.slice()),
    (input) => kept.push(input),
  );
  await fuzzer.seed([Buffer.from("locked")]);
  let finding = null;
  for (let n = 0; finding === null && n < mostBatches; n++) finding = await fuzzer.batch();
  attempts.stop();
  coverage.stop();
  return { finding, executions: fuzzer.executions, kept, last };
}

describe("the fuzzer", () => {
  test("finds what breaks a rule, by way of inputs whose outcomes were new", async () => {
    const { finding, kept, last } = await fuzz(locked, 1, 5000);
    expect(finding?.error).toMatchObject({ message: "open" });
    expect(finding?.input).toEqual(last);
    expect(kept.length).toBeGreaterThan(2);
  });

  test("does the same again with the same seed, and something else with another", async () => {
    const [one, again, other] = [
      await fuzz(locked, 7, 20),
      await fuzz(locked, 7, 20),
      await fuzz(locked, 8, 20),
    ];
    expect(again).toEqual(one);
    expect(other.last).not.toEqual(one.last);
  });

  test("blames what is thrown where nobody can catch it on the input that ran", async () => {
    const target: Target = {
      words: [],
      async run() {
        void Promise.reject(new Error("nobody's"));
        await new Promise((resolve) => setImmediate(resolve));
        return "";
      },
    };
    const attempts = new Attempts(target);
    expect(await attempts.run(new Uint8Array(0))).toMatchObject({ error: { message: "nobody's" } });
    attempts.stop();
  });

  test("cuts a finding down to what is needed for it", async () => {
    const target: Target = {
      words: [],
      run(input) {
        if (Buffer.from(input).includes("bad")) throw new Error("bad");
        if (input.length > 20) throw new TypeError("long");
        return "";
      },
    };
    const attempts = new Attempts(target);
    const { error } = (await attempts.run(Buffer.from("a very bad input, and a long one"))) as {
      error: unknown;
    };
    const smallest = await minimize(attempts, Buffer.from("a very bad input, and a long one"), error);
    attempts.stop();
    expect(Buffer.from(smallest).toString()).toBe("bad");
  });
});

describe("parts", () => {
  const message = (flags: number, text: string): Buffer => Buffer.from(envelop(flags, Buffer.from(text)));
  const body = Buffer.concat([message(0, "a"), message(2, "{}")]);
  const http2 = Buffer.concat([
    preface,
    settings(),
    data(1, false, Buffer.from("a")),
    data(1, true, Buffer.from("b")),
  ]);
  test.each([
    ["messages", enveloped, body, 2],
    ["a head and messages", headAndEnvelopes, Buffer.concat([Buffer.from("a\nb: c\n\n"), body]), 5],
    ["a head and a body", headAndEnvelopes, Buffer.from('a\nb: c\n\n{"d":"e"}'), 3],
    ["a head without a body", headAndEnvelopes, Buffer.from("a\nb: c\n\n"), 3],
    ["half a head", headAndEnvelopes, Buffer.from("a\nb: c"), 1],
    ["frames of HTTP/2", http2Frames, http2, 4],
  ])("of %s, put together, are what they were taken from", (_name, shape, input, count) => {
    const parts = shape.cut(input);
    expect(parts.length).toBe(count);
    expect(Buffer.from(shape.join(parts))).toEqual(input);
  });

  test.each([
    ["messages", enveloped, body],
    ["frames of HTTP/2", http2Frames, http2],
  ])("of %s have the lengths that they have come to have", (_name, shape, input) => {
    const parts = shape.cut(input);
    const longer = Buffer.concat([parts.at(-1)!, Buffer.from("more")]);
    const again = shape.cut(shape.join([...parts.slice(0, -1), longer, parts[0]!]));
    expect(again.length).toBe(parts.length + 1);
    expect(again.at(-2)!.length).toBe(longer.length);
  });
});
