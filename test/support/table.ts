// Responses by hand, and what our client makes of each.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Protocol } from "@millrace/node";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { clientOf } from "./our-client.ts";
import type { Ended } from "./our-client.ts";
import { rawServer } from "./raw-server.ts";
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

/** Runs a table on one client: each response, and then a good one, which must come through. */
export function table({ protocol, https, run, good }: Subject, rows: readonly Row[]): void {
  describe.each(https)("over HTTP/%s", (http) => {
    let server: RawServer;
    let client: GreetServiceClient;
    beforeAll(async () => {
      server = await rawServer(http);
      client = clientOf(server, { protocol, maxReceiveBytes: limit });
    });
    afterAll(() => server[Symbol.asyncDispose]());
    test.each(rows)("$name: $code", async ({ reply, code, text, got }) => {
      server.act = reply;
      const ended = await run(client);
      expect(ended.code).toBe(code);
      if (typeof text === "string") expect(ended.message).toBe(text);
      else if (text !== undefined) expect(ended.message).toMatch(text);
      if (got !== undefined) expect(ended.got).toEqual(got);
      server.act = good;
      expect(await run(client)).toMatchObject({ code: "ok" });
      if (http === "2") expect(server.connections).toBe(1);
    });
  });
}

/** A content-type field, and others. */
export function type(value: string, ...more: string[]): string[] {
  return ["content-type", value, ...more];
}
