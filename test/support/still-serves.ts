import { expect } from "vitest";
import type { Asker } from "./asker.ts";
import { utf8 } from "./bytes.ts";
import { greet } from "./wires.ts";

/** Whatever went before: a request after it has its answer. */
export async function stillServes(server: Pick<Asker, "ask">): Promise<void> {
  const answer = await server.ask({
    path: greet,
    headers: ["content-type", "application/json"],
    body: utf8('{"name":"Ada"}'),
  });
  expect(answer.body.toString()).toBe('{"greeting":"Hello, Ada!"}');
}
