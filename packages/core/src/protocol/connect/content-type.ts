import type { Kind } from "../../method.ts";
import type { Format } from "../format.ts";

const unary = "application/";
const stream = "application/connect+";

/** Connect's content type for a kind of call. */
export function contentTypeOf(kind: Kind, format: Format): string {
  return (kind === "unary" ? unary : stream) + format;
}

/** What a content type says: the format, and whether it is a unary or a streaming one. Null: not Connect's. */
export function readContentType(
  mediaType: string,
): { readonly format: Format | null; readonly streaming: boolean } | null {
  const streaming = mediaType.startsWith(stream);
  if (!streaming && !mediaType.startsWith(unary)) return null;
  const codec = mediaType.slice(streaming ? stream.length : unary.length);
  if (codec === "proto" || codec === "json") return { format: codec, streaming };
  return streaming ? { format: null, streaming } : null;
}
