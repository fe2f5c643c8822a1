// Responses by hand, and what our client makes of each.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Protocol } from "@millrace/node";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { clientOver, serverFor } from "./our-client.ts";
import type { Ended, Lane } from "./our-client.ts";
import type { RawServer } from "./raw-server.ts";
import type { Reply } from "./reply.ts";

export interface Row {
  readonly name: string;
  readonly reply: Reply;
  readonly code: string;
  /** The error's text, or what that has to say. */
  readonly text?: string | RegExp;
  /** The texts of the messages that come before. */
  readonly got?: readonly string[];
  /** Whether it is to be seen over fetch: not what fetch unpacks by itself, or has no compression for. Default: it is. */
  readonly byFetch?: boolean;
}

/** What a table is run on. */
export interface Subject {
  readonly protocol: Protocol;
  readonly https: readonly ("1.1" | "2")[];
  /** Makes a call. */
  run(client: GreetServiceClient): Promise<Ended>;
  /** A response that lets it succeed. */
  readonly good: Reply;
}

/** The limit on messages in tables. */
export const limit = 1000;

/** Runs a table on one client a lane: each response, and then a good one, which must come through. */
export function table({ protocol, https, run, good }: Subject, rows: readonly Row[]): void {
  const byFetch = https.includes("1.1") ? rows.filter(({ byFetch = true }) => byFetch) : [];
  const lanes: readonly Lane[] = byFetch.length > 0 ? [...https, "fetch"] : https;
  describe.each(lanes)("over %s", (lane) => {
    let server: RawServer;
    let client: GreetServiceClient;
    beforeAll(async () => {
      server = await serverFor(lane);
      client = clientOver(lane, server, { protocol, maxReceiveBytes: limit });
    });
    afterAll(() => server[Symbol.asyncDispose]());
    test.each(lane === "fetch" ? byFetch : rows)("$name: $code", async ({ reply, code, text, got }) => {
      server.act = reply;
      const ended = await run(client);
      expect(ended.code).toBe(code);
      if (typeof text === "string") expect(ended.message).toBe(text);
      else if (text !== undefined) expect(ended.message).toMatch(text);
      if (got !== undefined) expect(ended.got).toEqual(got);
      server.act = good;
      expect(await run(client)).toMatchObject({ code: "ok" });
      if (lane === "2") expect(server.connections).toBe(1);
    });
  });
}

/** A content-type field, and others. */
export function type(value: string, ...more: string[]): string[] {
  return ["content-type", value, ...more];
}
