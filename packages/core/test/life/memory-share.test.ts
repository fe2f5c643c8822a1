import { expect, test } from "vitest";
import { envelope, RawCall } from "../support/raw-call.ts";
import { codeOf, quiet, stage } from "../support/stage.ts";

test("one connection cannot take all the memory that is set apart for incomplete messages", async () => {
  const on = stage(
    { collect: () => new Promise<never>(() => {}) },
    { protocol: "grpc", app: { maxReceiveBytes: 32 * 1024 * 1024 }, memory: { maxConcurrent: 256 } },
  );
  const begun = envelope(new Uint8Array(30 * 1024 * 1024)).subarray(0, 28 * 1024 * 1024);
  const greedy: RawCall[] = [];
  for (let i = 0; i < 20; i++) {
    const call = new RawCall(
      on.connector,
      "/greet.v1.GreetService/Collect",
      ["content-type", "application/grpc"],
      undefined,
    );
    call.exchange.write(begun);
    greedy.push(call);
    await quiet();
  }
  // Half of 16 of the largest messages, each of which takes what it has at most twice.
  const refused = greedy.filter((call) => call.field("grpc-status") === "8");
  expect(refused.length).toBeGreaterThan(10);
  for (const call of greedy) call.exchange.reset(8);
  await quiet();
  expect(await codeOf(on.client.greet({ name: "x".repeat(100_000) }))).toBe("unimplemented");
});
