import { beforeAll, describe, expect, test } from "vitest";
import { run } from "./support/run.ts";

interface Outcome {
  readonly abandoned: readonly string[];
  readonly aborted: readonly string[];
  readonly outcomes: Readonly<Record<string, unknown>>;
}

describe("an abandoned response stream is reclaimed by the garbage collector and canceled", () => {
  let report: Readonly<Record<string, Outcome>> = {};

  beforeAll(async () => {
    report = (await run(new URL("programs/abandoned.ts", import.meta.url), ["--expose-gc"])) as typeof report;
  });

  describe.each(["without interceptors", "with interceptors"])("%s", (how) => {
    test("its loss cancels it on the wire", () => {
      expect(report[how]?.aborted).toEqual(["dropped chat", "never finished", "never read", "read a little"]);
    });

    test("onAbandoned counts it, and those that had ended not, even if it throws", () => {
      expect(report[how]?.abandoned).toEqual([
        "Chat dropped chat",
        "Collect never finished",
        "Watch never read",
        "Watch read a little",
      ]);
    });

    test("not while somebody awaits receive(), send(), finish() or headers, or iterates", () => {
      expect(report[how]?.outcomes).toEqual({
        receive: "two",
        headers: "object",
        finish: 7,
        send: "all",
        "for await": ["one", "two"],
      });
    });
  });
});
