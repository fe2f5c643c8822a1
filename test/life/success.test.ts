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
    outcome = (await run(new URL("programs/success.ts", import.meta.url), [])) as Outcome;
  });

  test.each(
    [
      "in memory, connect",
      "in memory, grpc",
      "in memory, grpc-web",
      "HTTP/1.1, connect",
      "HTTP/1.1, grpc-web",
      "fetch, connect",
      "fetch, grpc-web",
      "fetch to a handler, connect",
      "fetch to a handler, grpc-web",
    ]
      .concat("HTTP/2, connect", "HTTP/2, grpc", "HTTP/2, grpc-web")
      .flatMap((lane) => [lane, `${lane}, interceptors`]),
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
