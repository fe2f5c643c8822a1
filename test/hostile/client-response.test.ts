// Compressed messages that are none, by hand, against our client.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { greeting, utf8 } from "../support/bytes.ts";
import { framed, kinds, unpacksOverFetch } from "../support/kinds.ts";
import { clientOver, greetOnce, serverFor } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const one = greeting("one");
const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

describe.each(kinds)("$name", (kind) => {
  const rows = Object.entries(packers).flatMap(([name, pack]): Row[] => {
    const whole = pack(one);
    return (
      [
        ["garbage", utf8("this is not compressed")],
        ["one byte", Buffer.from([0x1f])],
        ["bytes behind its end", Buffer.concat([whole, utf8("more")])],
        // A gzip file may have several members; half of one more is none.
        ["it, and then again", Buffer.concat([whole, name === "gzip" ? utf8("\x1f") : whole])],
        ...(name === "deflate" ? [["no zlib format around it", deflateRawSync(one)] as const] : []),
      ] as const
    ).map(([what, bytes]): Row => ({
      name: `${name}: ${what}`,
      reply: kind.respond([framed(kind, bytes, true)], name),
      code: "internal",
      text: new RegExp(`could not be decompressed as ${name}`),
      byFetch: unpacksOverFetch(kind, name),
    }));
  });
  table({ ...kind, good: kind.respond([framed(kind, one)]) }, rows);
});

describe("by fetch, which unpacks content codings before we see them", () => {
  test.each(Object.keys(packers))("%s: garbage fails the call alone", async (name) => {
    await using server = await serverFor("fetch");
    const client = clientOver("fetch", server);
    server.act = {
      headers: type("application/proto", "content-encoding", name),
      body: utf8("not compressed"),
    };
    expect(await greetOnce(client)).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("127.0.0.1") as string,
    });
    server.act = { headers: type("application/proto"), body: one };
    expect((await greetOnce(client)).code).toBe("ok");
  });
});
