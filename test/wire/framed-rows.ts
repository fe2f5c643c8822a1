// What can be wrong with messages in envelopes, whatever the protocol: the statements that §3, §4 and §5 share.
import { gzipSync } from "node:zlib";
import { envelope, greeting } from "../support/bytes.ts";
import type { Reply } from "../support/reply.ts";
import type { Row } from "../support/table.ts";

/** The numbers under which one section makes them. */
export interface Numbers {
  /** A compressed flag without a compression. */
  readonly unnamed: string;
  readonly reserved: string;
  /** The flags that mean something in a response. */
  readonly flags: readonly number[];
}

/** `reply` makes a response of a body; `end` is what ends the body of a good one. */
export function framedRows(
  numbers: Numbers,
  reply: (body: Uint8Array, encoding?: string) => Reply,
  end: Uint8Array,
): readonly Row[] {
  const one = greeting("one");
  const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
  const unnamed = /flagged as compressed, but the headers name no compression/;
  return [
    {
      name: `§${numbers.unnamed} a compressed flag without a compression`,
      reply: reply(join(envelope(1, gzipSync(one)), end)),
      code: "internal",
      text: unnamed,
    },
    {
      name: `§${numbers.unnamed} a compressed flag under identity`,
      reply: reply(join(envelope(1, gzipSync(one)), end), "identity"),
      code: "internal",
      text: unnamed,
    },
    {
      name: `§${numbers.unnamed} a compressed flag on nothing, without a compression`,
      reply: reply(join(envelope(1, ""), end)),
      code: "internal",
      text: unnamed,
    },
    ...[2, 4, 8, 16, 32, 64, 128, 0x82, 0xfe]
      .filter((flags) => !numbers.flags.includes(flags))
      .map((flags): Row => ({
        name: `§${numbers.reserved} flags ${flags} are reserved`,
        reply: reply(join(envelope(flags, one), end)),
        code: "internal",
        text: `a response's envelope has flags 0x${flags.toString(16).padStart(2, "0")}: these bits are reserved`,
      })),
    {
      name: "§1.17 a compressed message of no bytes",
      reply: reply(join(envelope(1, ""), end), "gzip"),
      code: "ok",
      got: [""],
    },
    {
      name: "§6.9 a message that is none",
      reply: reply(join(envelope(0, "\xff"), end)),
      code: "internal",
      text: /cannot decode greet.v1.GreetReply/,
    },
    {
      name: "§6.10 a compression that was not asked for",
      reply: reply(join(envelope(1, one), end), "snappy"),
      code: "internal",
      text: /"snappy".*not asked for: gzip/,
    },
    {
      name: "§10.3 a compressed message that is none",
      reply: reply(join(envelope(1, one), end), "gzip"),
      code: "internal",
      text: /gzip/,
    },
    {
      name: "§10.3 a compressed message cut short",
      reply: reply(join(envelope(1, gzipSync(one).subarray(0, -1)), end), "gzip"),
      code: "internal",
      text: /gzip/,
    },
    {
      name: "§10.5 a body that ends inside a prefix",
      reply: reply(Buffer.from([0, 0, 0])),
      code: "internal",
      text: /inside a message's prefix, after 3 of 5 bytes/,
    },
    {
      name: "§10.5 a body that ends inside a message",
      reply: reply(envelope(0, one, 100)),
      code: "internal",
      text: /inside a message, after 5 of 100 bytes/,
    },
  ];
}
