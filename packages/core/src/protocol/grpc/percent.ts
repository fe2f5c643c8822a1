import { decodeUtf8Lenient, encodeUtf8 } from "../utf8.ts";

const hex = "0123456789ABCDEF";

/**
 * gRPC "Status-Message": percent-encodes the UTF-8 bytes outside printable ASCII, and `%`. So also a space at either end,
 * which a field's value loses on its way (RFC 9110 section 5.5).
 */
export function percentEncode(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what has to be found
  if (!/[^\x20-\x24\x26-\x7e]|^ | $/.test(text)) return text;
  const bytes = encodeUtf8(text);
  let encoded = "";
  for (const [i, byte] of bytes.entries()) {
    const outermost = i === 0 || i === bytes.length - 1;
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25 || (byte === 0x20 && outermost)
        ? `%${hex[byte >> 4]!}${hex[byte & 15]!}`
        : String.fromCharCode(byte);
  }
  return encoded;
}

/** Undoes {@link percentEncode}. Lenient: a `%` that starts no escape stands for itself; never throws. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const source = encodeUtf8(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i]!;
    const high = byte === 0x25 ? hexDigit(source[i + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(source[i + 2]);
    if (low < 0) bytes[length++] = byte;
    else {
      bytes[length++] = (high << 4) | low;
      i += 2;
    }
  }
  return decodeUtf8Lenient(bytes.subarray(0, length));
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
