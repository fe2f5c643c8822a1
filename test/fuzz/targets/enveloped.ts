import { envelop, prefixLength } from "../../../packages/core/src/protocol/envelope.ts";
import type { Shape } from "../target.ts";

/** A body of enveloped messages: each is a part, its length put right when they are joined. */
export const enveloped = {
  cut(body: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < body.length;) {
      const [, a = 0, b = 0, c = 0, d = 0] = body.subarray(at, at + prefixLength);
      const end = at + prefixLength + (((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
      parts.push(body.slice(at, end));
      at = end;
    }
    return parts;
  },
  join: (parts: readonly Uint8Array[]): Buffer =>
    Buffer.concat(
      parts.map((part) =>
        part.length < prefixLength ? part : envelop(part[0]!, part.subarray(prefixLength)),
      ),
    ),
} satisfies Shape;

/** A head in lines, an empty line, and a body: the lines are parts, and the messages, if the body is such. */
export const headAndEnvelopes: Shape = {
  cut(input) {
    const text = Buffer.from(input).toString("latin1");
    const end = text.indexOf("\n\n") + 1;
    const head = end === 0 ? [] : text.slice(0, end).split(/(?<=\n)/);
    const lines = head.map((line) => Buffer.from(line, "latin1"));
    const body = input.slice(end + 1);
    const messages = enveloped.cut(body);
    // Behind an empty line alone there are messages whose lengths are put right.
    return end > 0 && enveloped.join(messages).equals(body)
      ? [...lines, emptyLine, ...messages]
      : [...lines, input.slice(end)];
  },
  join(parts) {
    const end = parts.findIndex((part) => emptyLine.equals(part)) + 1;
    return end === 0
      ? Buffer.concat(parts)
      : Buffer.concat([...parts.slice(0, end), enveloped.join(parts.slice(end))]);
  },
};

const emptyLine: Buffer = Buffer.from("\n");
