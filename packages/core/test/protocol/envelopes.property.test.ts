// PROTOCOL 3 "envelope: 1 flag byte, 4 bytes big-endian length", 8 "limits".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EnvelopeReader } from "../../src/call/frame-reader.ts";
import { MemoryBudget } from "../../src/call/memory-budget.ts";
import { RpcError } from "../../src/error.ts";
import { envelop } from "../../src/protocol/envelope.ts";

interface Message {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Reads a body whose chunks end at `cuts`; each chunk turns to rubbish when it was read. */
function read(body: Uint8Array, cuts: readonly number[], limit: number, budget: MemoryBudget) {
  const reader = new EnvelopeReader(limit, budget, "client");
  const messages: Message[] = [];
  const ends = [...cuts.map((cut) => cut % (body.length + 1)), body.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const to of ends) {
    const chunk = body.slice(from, to);
    from = to;
    for (let at = 0; at < chunk.length;) {
      at = reader.read(chunk, at, chunk.length);
      if (reader.failure !== null) return { messages, reader };
      if (reader.ready)
        messages.push({ flags: reader.flags, payload: reader.buf.slice(reader.start, reader.end) });
    }
    chunk.fill(0xdb);
  }
  reader.finish();
  return { messages, reader };
}

const message = fc.record({
  flags: fc.integer({ min: 0, max: 255 }),
  payload: fc.uint8Array({ maxLength: 300 }),
});
const cuts = fc.array(fc.nat(), { maxLength: 12 });

test("messages come back as they were sent, however the body is cut", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), cuts, (sent, cuts) => {
      const body = new Uint8Array(Buffer.concat(sent.map(({ flags, payload }) => envelop(flags, payload))));
      const budget = new MemoryBudget(1000);
      const { messages, reader } = read(body, cuts, 300, budget);
      expect(messages).toEqual(sent);
      expect(reader.failure).toBeNull();
      expect(budget.used).toBe(0);
    }),
  );
});

test("any bytes are messages and at most one coded error behind them, the same however they are cut", () => {
  const headed = fc
    .tuple(fc.array(message, { maxLength: 3 }), fc.uint8Array({ maxLength: 40 }))
    .map(
      ([sent, rest]) =>
        new Uint8Array(Buffer.concat([...sent.map((one) => envelop(one.flags, one.payload)), rest])),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), headed), cuts, (body, cuts) => {
      const budget = new MemoryBudget(Infinity);
      const whole = read(body, [], 200, budget);
      const split = read(body, cuts, 200, budget);
      expect(split.messages).toEqual(whole.messages);
      expect(split.reader.failure?.code).toBe(whole.reader.failure?.code);
      if (whole.reader.failure !== null) expect(whole.reader.failure).toBeInstanceOf(RpcError);
      for (const { payload } of whole.messages) expect(payload.length).toBeLessThanOrEqual(200);
      split.reader.discard();
      whole.reader.discard();
      expect(budget.used).toBe(0);
    }),
  );
});

test("the first message above the limit fails, those before it are there", () => {
  const short = fc.record({ flags: fc.constant(0), payload: fc.uint8Array({ maxLength: 9 }) });
  fc.assert(
    fc.property(fc.array(short, { maxLength: 6 }), fc.nat(9), cuts, (sent, limit, cuts) => {
      const body = new Uint8Array(Buffer.concat(sent.map(({ flags, payload }) => envelop(flags, payload))));
      const { messages, reader } = read(body, cuts, limit, new MemoryBudget(Infinity));
      const first = sent.findIndex(({ payload }) => payload.length > limit);
      expect(messages).toEqual(first < 0 ? sent : sent.slice(0, first));
      expect(reader.failure?.code).toBe(first < 0 ? undefined : "resource_exhausted");
    }),
  );
});
