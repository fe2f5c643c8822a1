import { decodeBase64 } from "../base64.ts";
import { RpcError } from "../error.ts";

/** Undoes the base64 of a `grpc-web-text` body, which may consist of several encoded pieces, each with its padding. */
export class Base64Reader {
  #rest = "";

  /** The bytes that `chunk[start..end)` completes, or why it is not base64. */
  read(chunk: Uint8Array, start: number, end: number): Uint8Array | RpcError {
    let text = this.#rest;
    for (let i = start; i < end; i++) {
      const char = chunk[i]!;
      // White space between lines (RFC 4648 section 3.3 leaves it to the protocol; encoders insert it).
      if (char !== 0x0a && char !== 0x0d) text += String.fromCharCode(char);
    }
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    const parts: Uint8Array[] = [];
    let length = 0;
    for (const piece of text.slice(0, whole).match(/[^=]+={0,2}|=+/g) ?? []) {
      const bytes = decodeBase64(piece);
      if (bytes === null) return notBase64();
      parts.push(bytes);
      length += bytes.length;
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  /** The body has ended: why that is too early, or null. */
  finish(): RpcError | null {
    return this.#rest === "" ? null : notBase64();
  }
}

function notBase64(): RpcError {
  return new RpcError("invalid_argument", "the body is not base64, which its content type says it is");
}
