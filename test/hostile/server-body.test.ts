// Requests whose body is wrong, by hand, against every carriage and protocol.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { greeter } from "../support/greeter.ts";
import { said } from "../support/answer.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import type { Said } from "../support/answer.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, goodBody, greet, watch, wires } from "../support/wires.ts";
import type { Wire } from "../support/wires.ts";

expectQuiet();

const limit = 1000;
const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

describe.each(carriages)("$name", (carriage) => {
  let server: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter({}, { maxReceiveBytes: limit }));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    expect(server.calls.ends.length).toBe(server.calls.begun);
  });
  const here = wires.filter((wire) => wire.over.includes(carriage.http));

  async function send(
    wire: Wire,
    bytes: Uint8Array,
    {
      codec = "proto",
      path = wire.path,
      more = [] as string[],
    }: { codec?: "proto" | "json"; path?: string; more?: string[] } = {},
  ): Promise<Said> {
    const headers = ["content-type", wire[codec], ...more];
    const told = server.calls.ends.length;
    const answer = said(await server.ask({ path, headers, body: wire.body(bytes) }));
    // Observers are told of it once, and the same.
    const ends = await server.calls.ended(told + 1);
    expect(ends.slice(told).map(({ code }) => code)).toEqual([answer.code]);
    // The same connection goes on.
    const good = said(
      await server.ask({ path: wire.path, headers: ["content-type", wire.proto], body: goodBody(wire) }),
    );
    expect(good.code).toBe("ok");
    return answer;
  }

  describe.each(here.filter((wire) => wire.framed))("$name", (wire) => {
    test("what is behind a message that fails changes nothing", async () => {
      const bytes = Buffer.concat([envelope(0, "\xff\xff\xff"), envelope(0, ""), envelope(255, "x")]);
      expect((await send(wire, bytes)).code).toBe("invalid_argument");
    });
  });

  describe.each(here)("$name", (wire) => {
    const framed = (payload: Uint8Array | string, flags = 0): Buffer =>
      wire.framed ? envelope(flags, payload) : Buffer.from(payload);

    test.each([
      ["a tag cut short", [0xff]],
      ["a length above what is there", [0x0a, 0x7f, 0x41]],
      ["a negative length", [0x7a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
      ["a varint without an end", Array.from({ length: 12 }, () => 0xff)],
      ["field number 0", [0x00, 0x00]],
      ["wire type 7", [0x0f]],
      ["a group that does not end", [0x0b]],
      ["an end without a group", [0x0c]],
      ["groups, nested five hundred deep", Array.from({ length: 500 }, () => 0x7b)],
      ["a text that is not UTF-8", [0x0a, 0x02, 0xc3, 0x28]],
    ])("binary: %s is invalid_argument, naming the type", async (_name, bytes) => {
      if (wire.path === watch && bytes[2] === 0xc3) return;
      const { code, message } = await send(wire, framed(Uint8Array.from(bytes)));
      expect(code).toBe("invalid_argument");
      expect(message).toContain(wire.path === watch ? "greet.v1.WatchRequest" : "greet.v1.GreetRequest");
    });

    test.each([
      ["nothing", ""],
      ["white space", " \n"],
      ["null", "null"],
      ["a number", "1"],
      ["a list", "[]"],
      ["half an object", '{"name":'],
      ["two objects", "{}{}"],
      ["a trailing comma", '{"name":"x",}'],
      ["NaN", '{"name":NaN}'],
      ["a number for a text", '{"name":5,"everyMs":"x"}'],
      ["an object for a text", '{"name":{},"everyMs":{}}'],
      ["a list for a text", '{"name":["x"],"everyMs":[1]}'],
      ["a number out of range", '{"mood":{"level":2147483648},"everyMs":2147483648}'],
      ["a fraction for a whole number", '{"mood":{"level":1.5},"everyMs":1.5}'],
      ["a byte order mark", "\uFEFF{}"],
      ["deep nesting", `{"name":${"[".repeat(400)}${"]".repeat(400)},"everyMs":[]}`],
    ])("JSON: %s is invalid_argument, naming the type", async (_name, text) => {
      const { code, message } = await send(wire, framed(utf8(text)), { codec: "json" });
      expect(code).toBe("invalid_argument");
      expect(message).toContain(wire.path === watch ? "greet.v1.WatchRequest" : "greet.v1.GreetRequest");
    });

    test("JSON that is not UTF-8 is invalid_argument", async () => {
      const bytes = Buffer.concat([utf8('{"name":"'), Buffer.from([0xc3, 0x28]), utf8('"}')]);
      expect((await send(wire, framed(bytes), { codec: "json" })).code).toBe("invalid_argument");
    });

    test("JSON with fields that nobody knows is taken, also those named after objects' own", async () => {
      const text = '{"__proto__":{"x":1},"constructor":1,"toString":[],"hasOwnProperty":null}';
      expect((await send(wire, framed(utf8(text)), { codec: "json" })).code).toBe("ok");
    });

    for (const [name, pack] of Object.entries(packers)) {
      if (!carriage.compressions.includes(name)) continue;
      const more = [wire.encoding, name];

      test(`${name}: what it cannot read is internal, naming the algorithm`, async () => {
        const whole = pack(greeting("Ada"));
        const broken = Buffer.from(whole);
        broken[Math.floor(broken.length / 2)]! ^= 0xff;
        for (const [what, bytes] of [
          ["garbage", utf8("this is not compressed")],
          ["one byte", Buffer.from([0x1f])],
          ["cut short by one byte", whole.subarray(0, -1)],
          ["cut in half", whole.subarray(0, whole.length >> 1)],
          ["bytes behind its end", Buffer.concat([whole, utf8("more")])],
          [
            "the same twice",
            name === "gzip" ? Buffer.concat([whole, utf8("\x1f")]) : Buffer.concat([whole, whole]),
          ],
        ] as const) {
          const { code, message } = await send(wire, framed(bytes, 1), { more });
          expect([what, code]).toEqual([what, "internal"]);
          expect(message).toContain(name);
        }
        if (name !== "br") expect((await send(wire, framed(broken, 1), { more })).code).not.toBe("ok");
      });
    }

    test("deflate without the zlib format around it is internal", async () => {
      const bytes = framed(deflateRawSync(greeting("Ada")), 1);
      expect((await send(wire, bytes, { more: [wire.encoding, "deflate"] })).code).toBe("internal");
    });
  });

  test("a stream whose third message is broken fails after its handler had two", async () => {
    const good = envelope(0, greeting("Ada"));
    for (const [third, code] of [
      [envelope(0, "\xff"), "invalid_argument"],
      [envelope(0, "", limit + 1), "resource_exhausted"],
      [envelope(0, greeting("Ada"), 6), "invalid_argument"],
      [envelope(1, "x"), "internal"],
      [envelope(2, "{}"), "internal"],
      [envelope(0x80, "grpc-status: 0\r\n"), "internal"],
      [Buffer.from([0]), "invalid_argument"],
    ] as const) {
      for (const [path, type] of [
        [collect, "application/connect+proto"],
        [chat, "application/connect+proto"],
        [collect, "application/grpc-web+proto"],
        ...(carriage.http === "2" ? [[chat, "application/grpc+proto"] as const] : []),
      ] as const) {
        const body = Buffer.concat([good, good, third]);
        const answer = said(await server.ask({ path, headers: ["content-type", type], body }));
        expect([path, type, answer.code]).toEqual([path, type, code]);
      }
    }
    const ended = server.calls.ends.filter((end) => end.code === "ok").length;
    expect(
      said(
        await server.ask({
          path: greet,
          headers: ["content-type", "application/proto"],
          body: greeting("Ada"),
        }),
      ).code,
    ).toBe("ok");
    expect((await server.calls.ended(ended + 1)).length).toBeGreaterThan(ended);
  });
});
