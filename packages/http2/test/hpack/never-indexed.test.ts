import { describe, expect, test } from "vitest";
import { Encoder } from "../../src/hpack/encoder.ts";
import { defaultIndexingPolicy } from "../../src/hpack/indexing-policy.ts";
import { ClientScript } from "../support/client-script.ts";
import { headers } from "../support/frames.ts";
import { get, ServerScript } from "../support/server-script.ts";
import {
  concat,
  decode,
  encode,
  hex,
  indexed,
  indexingEncoder,
  literal,
  plain,
  roomyDecoder,
} from "./support.ts";

const secrets = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-csrf-token",
];

describe("RFC 7541 section 6.2.3", () => {
  test("the decoder tells which fields are never to be indexed", () => {
    const block = concat(
      indexed(2),
      literal("never", "a", "1"),
      literal("notIndexed", "b", "2"),
      hex("1f08"),
      plain("3"),
    );
    expect(decode(roomyDecoder(), block)).toMatchObject({
      fields: [":method", "GET", "a", "1", "b", "2", "authorization", "3"],
      neverIndexed: [1, 3],
    });
    expect(decode(roomyDecoder(), indexed(2)).neverIndexed).toBeUndefined();
  });

  test("a relay writes them so again, even where it would index, or knows the field by an index", () => {
    const encoder = indexingEncoder();
    const decoder = roomyDecoder();
    const fields = [":method", "GET", "x-a", "1", "x-a", "1"];
    decode(decoder, encode(encoder, fields));
    for (let i = 0; i < 3; i++) {
      const relayed = decode(decoder, encode(encoder, fields, [0, 2]));
      expect(relayed).toMatchObject({ fields, neverIndexed: [0, 2] });
      expect(decode(decoder, encode(encoder, fields)).neverIndexed).toBeUndefined();
    }
  });

  test("a list that was never to be indexed before leaves no octets for one that may", () => {
    const encoder = indexingEncoder();
    const decoder = roomyDecoder();
    for (let i = 0; i < 3; i++)
      expect(decode(decoder, encode(encoder, [":method", "GET"], [0])).neverIndexed).toEqual([0]);
    expect(encode(encoder, [":method", "GET"])).toEqual(hex("82"));
  });
});

describe("section 7.1.3", () => {
  test.each(secrets)("%s is never indexed, however often it is sent", (name) => {
    const encoder = new Encoder();
    const decoder = roomyDecoder();
    for (let i = 0; i < 4; i++)
      expect(decode(decoder, encode(encoder, [name, "s3cret"]))).toMatchObject({
        fields: [name, "s3cret"],
        neverIndexed: [0],
      });
    // There is nothing in the table.
    expect(decode(decoder, indexed(62)).outcome).toBe("compression-error");
  });

  test("a policy of one's own says what is secret, whatever the static table has", () => {
    const encoder = new Encoder({ never: ["x-mine", "accept-encoding"], perRequest: [] });
    const block = encode(encoder, ["x-mine", "1", "accept-encoding", "gzip, deflate", "cookie", "2"]);
    expect(decode(roomyDecoder(), block).neverIndexed).toEqual([0, 1]);
  });

  test("a secret path stays one with a query", () => {
    const block = encode(new Encoder({ never: [":path"], perRequest: [] }), [":path", "/a?b"]);
    expect(decode(roomyDecoder(), block).neverIndexed).toEqual([0]);
  });

  const indexing = { ...defaultIndexingPolicy, never: [...defaultIndexingPolicy.never, "x-mine"] };
  const told = ["x-mine", "1", "cookie", "2"];

  test("a server's connection takes a policy, for heads and trailers", () => {
    const script = ServerScript.open({ indexing });
    script.receive(headers(1, get, "END_STREAM"));
    script.last.exchange.reply(200, ["x-a", "0", ...told], Uint8Array.of(1), told);
    script.runtime.settle();
    const [head, , trailers] = script.wire.frames();
    const decoder = roomyDecoder();
    expect(decode(decoder, head!.payload)).toMatchObject({ neverIndexed: [2, 3] });
    expect(decode(decoder, trailers!.payload)).toMatchObject({ neverIndexed: [0, 1] });
  });

  test("a client's connection takes a policy", () => {
    const script = ClientScript.open({ indexing });
    script.open({ fields: told });
    const [head] = script.wire.frames();
    expect(decode(roomyDecoder(), head!.payload)).toMatchObject({ neverIndexed: [4, 5] });
  });
});
