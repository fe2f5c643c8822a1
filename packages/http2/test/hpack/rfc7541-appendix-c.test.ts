import { describe, expect, test } from "vitest";
import { LiteralReader } from "../../src/hpack/literal-reader.ts";
import { writeInteger } from "../../src/hpack/integer.ts";
import { decode, encode, hex, indexed, indexingEncoder, roomyDecoder } from "./support.ts";

describe("C.1: integers", () => {
  test.each([
    ["C.1.1", 10, 5, "0a"],
    ["C.1.2", 1337, 5, "1f9a0a"],
    ["C.1.3", 42, 8, "2a"],
  ])("%s: %d behind a prefix of %d bits is %s", (_, value, prefixBits, digits) => {
    const most = 2 ** prefixBits - 1;
    const out = new Uint8Array(8);
    expect(out.slice(0, writeInteger(out, 0, 0, most, value))).toEqual(hex(digits));
    const bytes = hex(digits);
    if (bytes[0] !== most) return;
    const reader = new LiteralReader();
    reader.open(bytes, 1, bytes.length);
    expect(reader.integer(most)).toBe(value);
    expect(reader.at).toBe(bytes.length);
  });
});

interface Example {
  readonly name: string;
  readonly digits: string;
  readonly fields: readonly string[];
  /** The dynamic table afterwards, the newest entry first. */
  readonly table: readonly string[];
}

const www = [":authority", "www.example.com"];
const noCache = ["cache-control", "no-cache"];
const custom = ["custom-key", "custom-value"];
const requests = [
  {
    fields: [":method", "GET", ":scheme", "http", ":path", "/", ...www],
    table: www,
  },
  {
    fields: [":method", "GET", ":scheme", "http", ":path", "/", ...www, ...noCache],
    table: [...noCache, ...www],
  },
  {
    fields: [":method", "GET", ":scheme", "https", ":path", "/index.html", ...www, ...custom],
    table: [...custom, ...noCache, ...www],
  },
];

const found = [":status", "302"];
const redirect = [":status", "307"];
const isPrivate = ["cache-control", "private"];
const date21 = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const date22 = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const location = ["location", "https://www.example.com"];
const gzip = ["content-encoding", "gzip"];
const cookie = ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"];
const responses = [
  {
    fields: [...found, ...isPrivate, ...date21, ...location],
    table: [...location, ...date21, ...isPrivate, ...found],
  },
  {
    fields: [...redirect, ...isPrivate, ...date21, ...location],
    table: [...redirect, ...location, ...date21, ...isPrivate],
  },
  {
    fields: [":status", "200", ...isPrivate, ...date22, ...location, ...gzip, ...cookie],
    table: [...cookie, ...gzip, ...date22],
  },
];

function examples(
  section: string,
  what: readonly Omit<Example, "name" | "digits">[],
  digits: string[],
): Example[] {
  return what.map((example, i) => ({ name: `${section}.${i + 1}`, digits: digits[i] as string, ...example }));
}

/** Each row is one connection. */
const connections: readonly (readonly [name: string, tableSize: number, examples: readonly Example[]])[] = [
  [
    "C.2.1: literal with indexing",
    4096,
    [
      {
        name: "C.2.1",
        digits: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
        fields: ["custom-key", "custom-header"],
        table: ["custom-key", "custom-header"],
      },
    ],
  ],
  [
    "C.2.2: literal without indexing",
    4096,
    [
      {
        name: "C.2.2",
        digits: "040c 2f73 616d 706c 652f 7061 7468",
        fields: [":path", "/sample/path"],
        table: [],
      },
    ],
  ],
  [
    "C.2.3: literal never indexed",
    4096,
    [
      {
        name: "C.2.3",
        digits: "1008 7061 7373 776f 7264 0673 6563 7265 74",
        fields: ["password", "secret"],
        table: [],
      },
    ],
  ],
  ["C.2.4: indexed", 4096, [{ name: "C.2.4", digits: "82", fields: [":method", "GET"], table: [] }]],
  [
    "C.3: requests without Huffman code",
    4096,
    examples("C.3", requests, [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ]),
  ],
  [
    "C.4: requests with Huffman code",
    4096,
    examples("C.4", requests, [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ]),
  ],
  [
    "C.5: responses without Huffman code, entries evicted",
    256,
    examples("C.5", responses, [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
       3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
       7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
       6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ]),
  ],
  [
    "C.6: responses with Huffman code, entries evicted",
    256,
    examples("C.6", responses, [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
       1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
       e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ]),
  ],
];

describe.each(connections)("%s", (_, tableSize, blocks) => {
  test.each(blocks.map((block, i) => [block.name, i] as const))("%s is decoded", (_name, count) => {
    const decoder = roomyDecoder();
    decoder.setMaxTableOctets(tableSize);
    // The table of the examples has its size by a setting. Here an update has to come with it.
    if (tableSize < 4096) decode(decoder, hex("3fe101"));
    for (const { digits, fields } of blocks.slice(0, count + 1)) {
      const block = decode(decoder, hex(digits));
      expect(block).toMatchObject({ outcome: "fields", fields, isValid: true });
    }
    const { table } = blocks[count] as Example;
    for (let i = 0; i < table.length / 2; i++)
      expect(decode(decoder, indexed(62 + i)).fields).toEqual(table.slice(2 * i, 2 * i + 2));
    expect(decode(decoder, indexed(62 + table.length / 2)).outcome).toBe("compression-error");
  });
});

test("C.4: our encoder writes the same", () => {
  const encoder = indexingEncoder();
  const [, , blocks] = connections.find(([name]) => name.startsWith("C.4")) as (typeof connections)[number];
  for (const { digits, fields } of blocks) expect(encode(encoder, fields)).toEqual(hex(digits));
});

test("C.6: our encoder writes the same, but for 307, which Huffman code does not make shorter", () => {
  const encoder = indexingEncoder();
  encoder.setMaxTableOctets(256);
  const [first, second, third] = responses.map(({ fields }) => encode(encoder, fields));
  const [, , blocks] = connections.find(([name]) => name.startsWith("C.6")) as (typeof connections)[number];
  expect(first).toEqual(hex(`3fe101 ${blocks[0]?.digits}`));
  expect(second).toEqual(hex("4803 3330 37c1 c0bf"));
  expect(third).toEqual(hex(blocks[2]?.digits ?? ""));
});
