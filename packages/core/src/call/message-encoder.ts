import type { Message } from "@bufbuild/protobuf";
import { encodeBase64 } from "../base64.ts";
import type { Compression } from "../host/host.ts";
import type { Init } from "../init.ts";
import type { Codec } from "../method.ts";
import { envelop, flagCompressed, prefixLength, writePrefix } from "../protocol/envelope.ts";
import type { Framing } from "../protocol/framing.ts";
import { encodeUtf8 } from "../protocol/utf8.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import { sentTooLarge } from "./size-limit.ts";
import type { Side } from "./size-limit.ts";
import { cannot } from "./unwritable.ts";

/** How what is sent is compressed. */
export interface SendCompression {
  readonly algorithm: Compression;
  readonly minBytes: number;
  readonly level: number | undefined;
}

/** A message as it goes out. */
export interface EncodedMessage {
  /** With its envelope, if it has one. Never written again. */
  readonly chunk: Uint8Array;
  /** Bytes without the envelope. */
  readonly size: number;
  readonly compressed: boolean;
}

/** Makes chunks of messages: encodes, compresses, puts the envelope in front. */
export class MessageEncoder<T extends Message> {
  readonly #codec: Codec<T>;
  readonly #framing: Framing;
  readonly #text: boolean;
  readonly #maxBytes: number;
  readonly #writer: ChunkWriter;
  readonly #side: Side;

  constructor(
    codec: Codec<T>,
    framing: Framing,
    text: boolean,
    maxBytes: number,
    writer: ChunkWriter,
    side: Side,
  ) {
    this.#side = side;
    this.#codec = codec;
    this.#framing = framing;
    this.#text = text;
    this.#maxBytes = maxBytes;
    this.#writer = writer;
  }

  /** Throws RpcError: `internal` if the message cannot be written, `resource_exhausted` if it is above the limit. */
  encode(
    message: Init<T>,
    compression: SendCompression | null,
    deterministic: boolean,
  ): EncodedMessage | Promise<EncodedMessage> {
    const prefix = this.#framing === "envelope" ? prefixLength : 0;
    const writer = this.#writer;
    writer.begin(prefix);
    try {
      this.#codec.encode(message, writer, deterministic);
    } catch (cause) {
      writer.cancel();
      throw cannot(`encode ${this.#codec.typeName}`, cause);
    }
    const chunk = writer.cut();
    const size = chunk.length - prefix;
    if (size > this.#maxBytes) {
      throw sentTooLarge(size, this.#maxBytes, this.#side);
    }
    if (compression === null || size < compression.minBytes) {
      if (prefix > 0) writePrefix(chunk, 0, 0, size);
      return this.#finished(chunk, size, false);
    }
    const packed = this.pack(chunk.subarray(prefix), compression);
    return packed instanceof Uint8Array ? this.#packed(packed) : packed.then((bytes) => this.#packed(bytes));
  }

  /** A message's bytes, compressed. Throws, or rejects with, RpcError `internal`. */
  pack(bytes: Uint8Array, { algorithm, level }: SendCompression): Uint8Array | Promise<Uint8Array> {
    const failed = (cause: unknown): never => {
      throw cannot(`compress ${this.#codec.typeName} with ${algorithm.name}`, cause);
    };
    try {
      const packed = algorithm.pack(bytes, level);
      return packed instanceof Promise ? packed.catch(failed) : packed;
    } catch (cause) {
      return failed(cause);
    }
  }

  /** A last frame, as it goes out. */
  frame(chunk: Uint8Array): Uint8Array {
    return onWire(chunk, this.#text);
  }

  #packed(bytes: Uint8Array): EncodedMessage {
    const chunk = this.#framing === "envelope" ? envelop(flagCompressed, bytes) : bytes;
    return this.#finished(chunk, bytes.length, true);
  }

  #finished(chunk: Uint8Array, size: number, compressed: boolean): EncodedMessage {
    return { chunk: this.frame(chunk), size, compressed };
  }
}

/** A piece of a body as its content type has it: `text` is base64 (`grpc-web-text`). */
export function onWire(chunk: Uint8Array, text: boolean): Uint8Array {
  return text ? encodeUtf8(padded(encodeBase64(chunk))) : chunk;
}

/** Pieces of base64 follow each other in a `grpc-web-text` body: each is padded, so that a decoder finds its end. */
function padded(text: string): string {
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}
