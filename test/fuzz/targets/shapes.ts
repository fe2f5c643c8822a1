import type { Shape } from "../target.ts";

/** Lines, each with its end. */
export const lines: Shape = inTokens(/[^\n]*\n|[^\n]+/g);

/** What JSON consists of: a value is one part, if it has no parts itself. */
export const jsonTokens: Shape = inTokens(/"(?:[^"\\]|\\[^])*"|[\w.+-]+|[^]/g);

/** Every character is in a token. */
function inTokens(token: RegExp): Shape {
  return {
    cut: (input) =>
      (Buffer.from(input).toString("latin1").match(token) ?? []).map((text) => Buffer.from(text, "latin1")),
    join: (parts) => Buffer.concat(parts),
  };
}
