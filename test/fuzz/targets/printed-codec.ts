import assert from "node:assert/strict";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { WireCodec } from "@millrace/core/wire";
import * as edition from "../../../gen/millrace/codec/v1/edition2023_millrace.ts";
import * as editionPb from "../../../gen/millrace/codec/v1/edition2023_pb.ts";
import * as two from "../../../gen/millrace/codec/v1/proto2_millrace.ts";
import * as twoPb from "../../../gen/millrace/codec/v1/proto2_pb.ts";
import * as three from "../../../gen/millrace/codec/v1/proto3_millrace.ts";
import * as threePb from "../../../gen/millrace/codec/v1/proto3_pb.ts";
import type { Target } from "../target.ts";
import { decodeOrNull, encoded, encodedOrNull } from "./codecs.ts";

/**
 * Beside their descriptors. Of those with closed enums protobuf-es loses unknown values; of those that hold messages without
 * a printed codec it reads ones that are longer than what they lie in.
 */
const subjects: readonly [codec: WireCodec<never>, schema: unknown][] = [
  [three.Scalars$codec, threePb.ScalarsSchema],
  [three.Optionals$codec, threePb.OptionalsSchema],
  [three.Lists$codec, threePb.ListsSchema],
  [three.Maps$codec, threePb.MapsSchema],
  [three.Oneofs$codec, threePb.OneofsSchema],
  [three.Tree$codec, threePb.TreeSchema],
  [three.WellKnown$codec, threePb.WellKnownSchema],
  [three.OddNames$codec, threePb.OddNamesSchema],
  [two.Groups$codec, twoPb.GroupsSchema],
  [two.Extended$codec, twoPb.ExtendedSchema],
  [edition.Delimited$codec, editionPb.DelimitedSchema],
] as never;

/** A message in binary, read and written by printed codecs as protobuf-es does it. */
export const printedCodec: Target = {
  words: [
    "\x0a\x03Ada",
    "\x12\x02\x08\x05",
    "\x1a\x00",
    "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    "\x0b",
    "\x0c",
    "\x0d",
    "\x09",
    "\x13\x14",
    "\xa3\x01\xa4\x01",
    "\xff\xff\xff\xff\x0f",
  ],
  run: (input) =>
    subjects
      .map(([of, by]) => {
        const codec = of as unknown as WireCodec<Message>;
        const schema = by as GenMessage<Message>;
        const expected = readOrNull(schema, input.slice());
        const owned = decodeOrNull(codec, input.slice(), true);
        // As a Buffer, which is what Node hands up, with what is not to be read around it.
        const around = Buffer.concat([Buffer.alloc(8, 8), input, Buffer.alloc(16, 8)]);
        const lent = decodeOrNull(
          { ...codec, decode: (_, __, end, own) => codec.decode(around, 8, 8 + end, own) },
          input,
          false,
        );
        around.fill(0xdb);
        assert.deepEqual([owned === null, lent === null], [expected === null, expected === null]);
        if (expected === null || owned === null || lent === null) return "none";
        const bytes = toBinary(schema, expected);
        assert.deepEqual(toBinary(schema, owned), bytes);
        assert.deepEqual(toBinary(schema, lent), bytes);
        const written = encodedOrNull({ ...codec, encode: (m, w) => codec.encode(m, w, false) }, lent);
        assert.deepEqual(written?.slice(), bytes);
        assert.deepEqual(encoded(codec, lent).length, bytes.length);
        return bytes.length === 0 ? "empty" : lent.$unknown === undefined ? "known" : "unknown";
      })
      .join(" "),
};

function readOrNull(schema: GenMessage<Message>, bytes: Uint8Array): Message | null {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return null;
  }
}
