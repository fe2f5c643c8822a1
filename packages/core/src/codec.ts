/** Where a codec writes. */
export interface Writer {
  buf: Uint8Array;
  /** The next byte to write. */
  pos: number;
  /** One past the last byte that may be written. */
  end: number;
  /** Makes room for `bytes` more from `pos` on; may replace `buf`, keeping what was written. */
  grow(bytes: number): void;
}

/**
 * How the runtime reaches a message type. The plugin's generated codecs and the reflective ones implement it; nothing
 * else in the runtime knows what a message looks like.
 *
 * `In` is what a user may pass (an init shape; sending needs no create()), `Out` a complete message.
 */
export interface MessageCodec<Out, In = Out> {
  /** Fully qualified, without a leading dot. */
  readonly typeName: string;
  readonly format: "proto" | "json";
  /** A complete message of an init shape. */
  create(init: In): Out;
  /**
   * Writes the message at `writer.pos`. With `deterministic`, equal messages give equal bytes (Connect GET). Throws if the
   * message cannot be written.
   */
  encode(message: In, writer: Writer, deterministic: boolean): void;
  /**
   * Reads a message from `buf[start..end)`. With `owned` false the result aliases nothing of buf, bytes fields and unknown
   * fields included. With `owned` true the buffer belongs to this message, which may keep views of it. Throws if the bytes
   * are not such a message.
   */
  decode(buf: Uint8Array, start: number, end: number, owned: boolean): Out;
}
