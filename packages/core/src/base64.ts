const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Six bits for each byte that is a character of either alphabet of RFC 4648 (sections 4 and 5); 255 for every other one. */
export const sextets: Uint8Array = /*@__PURE__*/ buildSextets();

function buildSextets(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  table["-".charCodeAt(0)] = 62;
  table["_".charCodeAt(0)] = 63;
  return table;
}

/** Encodes to base64 (RFC 4648 section 4), unpadded. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text +=
      alphabet[group >> 18]! +
      alphabet[(group >> 12) & 63]! +
      alphabet[(group >> 6) & 63]! +
      alphabet[group & 63]!;
  }
  const left = bytes.length - i;
  if (left === 1) {
    const group = bytes[i]!;
    text += alphabet[group >> 2]! + alphabet[(group << 4) & 63]!;
  } else if (left === 2) {
    const group = (bytes[i]! << 8) | bytes[i + 1]!;
    text += alphabet[group >> 10]! + alphabet[(group >> 4) & 63]! + alphabet[(group << 2) & 63]!;
  }
  return text;
}

/** How many characters so many bytes become. */
export function base64Length(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

/** Encodes to the URL-safe alphabet (RFC 4648 section 5), unpadded. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_");
}

/** Decodes base64 of either alphabet, padded or not. Null if the text is not base64. */
export function decodeBase64(text: string): Uint8Array | null {
  let length = text.length;
  if (length % 4 === 0) {
    for (let pads = 0; pads < 2 && length > 0 && text[length - 1] === "="; pads++) length--;
  }
  if (length % 4 === 1) return null;
  const bytes = new Uint8Array((length * 3) >> 2);
  let at = 0;
  let group = 0;
  let bits = 0;
  for (let i = 0; i < length; i++) {
    const char = text.charCodeAt(i);
    const sextet = char < 256 ? sextets[char]! : 255;
    if (sextet === 255) return null;
    group = (group << 6) | sextet;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (group >> bits) & 255;
    }
  }
  return bytes;
}
