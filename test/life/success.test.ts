import { beforeAll, describe, expect, test } from "vitest";
import { run } from "./support/run.ts";

interface Outcome {
  /** What was made in vain, on each lane. */
  readonly report: Readonly<Record<string, readonly string[]>>;
  readonly proof: number;
  readonly aborted: number;
  readonly calls: number;
}

describe("a success never creates an Error, a DOMException or a rejected promise", () => {
  let outcome: Outcome | undefined;

  beforeAll(async () => {
    outcome = (await run("success.ts", [])) as Outcome;
  });

  test.each(
    ["connect", "grpc", "grpc-web"].flatMap((protocol) =>
      ["in memory", "HTTP/1.1", "HTTP/2"]
        .filter((carriage) => protocol !== "grpc" || carriage !== "HTTP/1.1")
        .flatMap((carriage) => [`${carriage}, ${protocol}`, `${carriage}, ${protocol}, interceptors`]),
    ),
  )("%s", (lane) => {
    expect(outcome?.report[lane]).toEqual([]);
  });

  test("nor does it abort a signal", () => {
    expect(outcome?.aborted).toBe(0);
    expect(outcome?.calls).toBeGreaterThan(100);
  });

  test("a failure does, so that the counting counts", () => {
    expect(outcome?.proof).toBeGreaterThan(0);
  });
});
