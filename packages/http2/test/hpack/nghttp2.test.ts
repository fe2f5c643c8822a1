import { once } from "node:events";
import { sensitiveHeaders } from "node:http2";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACK, HEADERS, SETTINGS } from "../../../../test/support/frames.ts";
import type { Frame } from "../../../../test/support/frames.ts";
import { Encoder } from "../../src/hpack/encoder.ts";
import type { HeaderBlock } from "../../src/hpack/header-block.ts";
import { Nghttp2Client, tableSizeOf } from "./nghttp2-client.ts";
import { decode, encode, roomyDecoder } from "./support.ts";

/** Node refuses some names, and some twice; not these. */
const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("x-a", "x-b", "accept", "via", "link", "grpc-timeout", "traceparent"),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^x-[a-z0-9_.-]{1,30}$/) },
);
const character = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
  { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
);
const value = fc.oneof(
  fc.constantFrom("1", "a value", "v".repeat(60), ""),
  fc.string({ unit: character.map((code) => String.fromCharCode(code)), maxLength: 80 }),
  fc.integer({ min: 100, max: 3000 }).map((length) => "long".repeat(length / 4)),
);
const fieldList = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((fields) => fields.flat());
const call = fc.record({
  request: fieldList,
  head: fieldList,
  trailers: fieldList,
  /** A change of a table's size before the call: the one that we decode with, or nghttp2's. */
  ourSize: fc.option(fc.constantFrom(0, 50, 200, 4096, 20_000), { freq: 4, nil: undefined }),
  theirSize: fc.option(fc.constantFrom(0, 50, 200, 4096, 20_000), { freq: 4, nil: undefined }),
});
const calls = fc.array(call, { minLength: 1, maxLength: 12 });

interface Exchange {
  readonly request: HeaderBlock;
  /** As read by another reader, one that is made for tests. */
  readonly requestByHand: readonly string[];
  readonly head: readonly string[];
  readonly trailers: readonly string[];
  readonly secret: readonly string[];
}

/** One connection with nghttp2 on the other side. */
class Conversation implements Disposable {
  readonly #decoder = roomyDecoder();
  readonly #encoder = new Encoder();
  readonly #client = new Nghttp2Client({}, (frame) => this.#frame(frame));
  /** Table sizes that we told, and which nghttp2 has not acknowledged yet. */
  readonly #told: number[] = [];
  #onRequest: (frame: Frame) => void = () => {};

  /** Sends a request with nghttp2's encoder, and answers it with ours. */
  async exchange(
    request: readonly string[],
    head: readonly string[],
    trailers: readonly string[],
  ): Promise<Exchange> {
    const requested = new Promise<Frame>((resolve) => (this.#onRequest = resolve));
    const pseudo = [":method", "GET", ":path", "/", ":scheme", "http", ":authority", "peer"];
    const stream = this.#client.session.request([...pseudo, ...request] as never);
    const heard: Record<"head" | "trailers" | "secret", string[]> = { head: [], trailers: [], secret: [] };
    stream.on("response", (fields, _flags, raw) => {
      heard.head = raw;
      heard.secret = Reflect.get(fields, sensitiveHeaders) as string[];
    });
    stream.on("trailers", (_fields, _flags, raw) => (heard.trailers = raw));
    const closed = once(stream, "close");
    const frame = await requested;
    const block = decode(this.#decoder, frame.payload);
    this.#client.sendBlock(frame.stream, encode(this.#encoder, head), trailers.length === 0);
    if (trailers.length > 0) this.#client.sendBlock(frame.stream, encode(this.#encoder, trailers), true);
    stream.resume();
    await closed;
    return { request: block, requestByHand: frame.fields ?? [], ...heard };
  }

  /** Changes the table that nghttp2 encodes with. */
  resizeOurs(size: number): void {
    this.#told.push(size);
    this.#client.sendSettings(size);
  }

  /** Changes the table that nghttp2 decodes with. */
  async resizeTheirs(size: number): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#client.session.settings({ headerTableSize: size }, () => resolve()),
    );
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  #frame(frame: Frame): void {
    if (frame.type === HEADERS) this.#onRequest(frame);
    if (frame.type !== SETTINGS) return;
    if ((frame.flags & ACK) !== 0) {
      const size = this.#told.shift();
      if (size !== undefined) this.#decoder.setMaxTableOctets(size);
      return;
    }
    const size = tableSizeOf(frame);
    if (size !== undefined) this.#encoder.setMaxTableOctets(size);
    this.#client.acknowledgeSettings();
  }
}

describe("nghttp2, in node:http2", () => {
  test("encodes what we decode, and decodes what we encode, through changes of both tables' sizes", async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (calls) => {
        using conversation = new Conversation();
        conversation.resizeOurs(4096);
        for (const { request, head, trailers, ourSize, theirSize } of calls) {
          if (ourSize !== undefined) conversation.resizeOurs(ourSize);
          if (theirSize !== undefined) await conversation.resizeTheirs(theirSize);
          const status = [":status", "200"];
          const seen = await conversation.exchange(request, [...status, ...head], trailers);
          expect(seen.request).toMatchObject({ outcome: "fields", isValid: true });
          expect(seen.request.fields.slice(8)).toEqual(request);
          expect(seen.requestByHand).toEqual(seen.request.fields);
          expect(seen.head).toEqual([...status, ...head]);
          expect(seen.trailers).toEqual(trailers);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("says what is never to be indexed, and is told", async () => {
    using conversation = new Conversation();
    conversation.resizeOurs(4096);
    // nghttp2 takes a short cookie, and any authorization, for a secret.
    for (let i = 0; i < 3; i++) {
      const seen = await conversation.exchange(
        ["x-a", "1", "authorization", "s3cret", "cookie", "short"],
        [":status", "200", "x-b", "2", "set-cookie", "s3cret"],
        [],
      );
      expect(seen.request.neverIndexed).toEqual([5, 6]);
      expect(seen.secret).toEqual(["set-cookie"]);
    }
  });
});
