import assert from "node:assert/strict";
import type { Message } from "@bufbuild/protobuf";
import type { Codec, Writer } from "@millrace/core";

/** What a codec reads, or null if it throws; it may throw any error, and nothing else. */
export function decodeOrNull(codec: Codec<Message>, bytes: Uint8Array, owned: boolean): Message | null {
  try {
    return codec.decode(bytes, 0, bytes.length, owned);
  } catch (error) {
    assert.ok(error instanceof Error);
    return null;
  }
}

/** What a codec writes. */
export function encoded(codec: Codec<Message>, message: Message): Uint8Array {
  const writer: Writer = {
    buf: new Uint8Array(0),
    pos: 0,
    end: 0,
    grow(bytes) {
      this.end = this.pos + bytes;
      const buf = new Uint8Array(this.end);
      buf.set(this.buf.subarray(0, this.pos));
      this.buf = buf;
    },
  };
  codec.encode(message, writer, true);
  return writer.buf.subarray(0, writer.pos);
}

/** The same; null if it throws, as it may. */
export function encodedOrNull(codec: Codec<Message>, message: Message): Uint8Array | null {
  try {
    return encoded(codec, message);
  } catch (error) {
    assert.ok(error instanceof Error);
    return null;
  }
}
