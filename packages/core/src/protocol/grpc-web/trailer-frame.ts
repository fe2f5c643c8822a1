import type { Fields } from "@millrace/exchange";
import { envelop } from "../envelope.ts";
import { mostFields } from "../fields.ts";
import { decodeUtf8Lenient, encodeUtf8 } from "../utf8.ts";

/** Bit 7 of an envelope's flags: it carries the trailers (PROTOCOL-WEB.md "Message framing"). */
export const flagTrailers = 0b1000_0000;

/** Trailers as the last frame of a body: an HTTP/1 header block with lower-case names, without a final blank line. */
export function trailerFrame(trailers: Fields): Uint8Array {
  let block = "";
  for (let i = 0; i < trailers.length; i += 2) block += `${trailers[i]!}: ${trailers[i + 1]!}\r\n`;
  return envelop(flagTrailers, encodeUtf8(block));
}

/** Reads such a block: names in any case, duplicates kept. Null if a line is no field. Stops behind `mostFields`. */
export function readTrailerBlock(block: Uint8Array): string[] | null {
  const fields: string[] = [];
  const text = decodeUtf8Lenient(block);
  for (let at = 0, end = 0; at < text.length && fields.length <= 2 * mostFields; at = end + 1) {
    end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    const line = text.slice(at, end).trim();
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    if (name === "") return null;
    fields.push(name, line.slice(colon + 1).trim());
  }
  return fields;
}
