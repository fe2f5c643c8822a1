import { beforeAll, describe, expect, test } from "vitest";
import { run } from "../life/support/run.ts";
import type { Lane } from "./programs/released.ts";

describe("a call that is let go of, in whatever way, cancels on the wire exactly once and leaves nothing", () => {
  let report: Readonly<Record<string, Lane>> = {};

  beforeAll(async () => {
    const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
    report = (await run(new URL("programs/released.ts", import.meta.url), flags)) as typeof report;
  }, 60_000);

  test.each([
    ["connect, HTTP/1.1", 11],
    ["grpc-web, HTTP/1.1", 11],
    ["connect, HTTP/2", 18],
    ["grpc, HTTP/2", 18],
    ["grpc-web, HTTP/2", 18],
  ])("%s", (name, ways) => {
    const { released = {}, alive } = report[name] ?? {};
    expect(Object.keys(released)).toHaveLength(ways);
    const once = { said: 1, told: ["canceled"], running: 0, listeners: 0 };
    expect(released).toEqual(Object.fromEntries(Object.keys(released).map((way) => [way, once])));
    expect(alive).toBe(0);
  });
});
