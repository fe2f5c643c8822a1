import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

/** The messages that the runner writes: each behind its length in four bytes, big-endian. */
export async function* readMessages<D extends DescMessage>(
  schema: D,
  input: AsyncIterable<Buffer>,
): AsyncGenerator<MessageShape<D>> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    held = held.byteLength === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.byteLength >= 4) {
      const end = 4 + held.readUInt32BE(0);
      if (held.byteLength < end) break;
      yield fromBinary(schema, held.subarray(4, end));
      held = held.subarray(end);
    }
  }
  if (held.byteLength > 0) throw new Error("the runner closed stdin in the middle of a message");
}

/** A message as the runner reads it. It is written in one piece, so that answers given at once do not mix. */
export function frame<D extends DescMessage>(schema: D, message: MessageShape<D>): Buffer {
  const body = toBinary(schema, message);
  const framed = Buffer.allocUnsafe(4 + body.byteLength);
  framed.writeUInt32BE(body.byteLength, 0);
  framed.set(body, 4);
  return framed;
}
