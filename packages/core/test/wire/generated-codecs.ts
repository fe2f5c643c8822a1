import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import * as known from "@bufbuild/protobuf/wkt";
import * as edition from "../../../../gen/millrace/codec/v1/edition2023_millrace.ts";
import * as editionPb from "../../../../gen/millrace/codec/v1/edition2023_pb.ts";
import * as two from "../../../../gen/millrace/codec/v1/proto2_millrace.ts";
import * as twoPb from "../../../../gen/millrace/codec/v1/proto2_pb.ts";
import * as three from "../../../../gen/millrace/codec/v1/proto3_millrace.ts";
import * as threePb from "../../../../gen/millrace/codec/v1/proto3_pb.ts";
import * as wkt from "../../src/wkt/index.ts";
import type { WireCodec } from "../../src/wire/index.ts";

/** A message type, the codec that was printed for it, and the descriptor that protobuf-es works with. */
export interface Subject {
  readonly name: string;
  readonly codec: WireCodec<Message>;
  readonly schema: GenMessage<Message>;
}

/** All message types of this module and that one, which have every kind of field between them. */
export const subjects: readonly Subject[] = [
  ...pairs(edition, editionPb),
  ...pairs(two, twoPb),
  ...pairs(three, threePb),
  ...pairs(wkt, known),
];

/** The codecs of a `_millrace` module with the schemas of the `_pb` module beside it. */
export function pairs(codecs: object, schemas: object): Subject[] {
  const byType = new Map(
    Object.values(schemas)
      .filter((value): value is DescMessage => (value as { kind?: unknown } | null)?.kind === "message")
      .map((desc) => [desc.typeName, desc]),
  );
  return Object.entries(codecs)
    .filter(([name]) => name.endsWith("$codec"))
    .map(([, value]) => {
      const codec = value as WireCodec<Message>;
      return {
        name: codec.typeName,
        codec,
        schema: byType.get(codec.typeName) as unknown as GenMessage<Message>,
      };
    });
}
