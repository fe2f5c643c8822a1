import type { Format } from "../format.ts";

/**
 * The message format of a gRPC content type: `prefix` alone means proto. Null: this protocol, but a codec that is not
 * known; undefined: not this protocol.
 */
export function formatOf(mediaType: string, prefix: string): Format | null | undefined {
  if (mediaType === prefix) return "proto";
  if (!mediaType.startsWith(`${prefix}+`)) return undefined;
  const codec = mediaType.slice(prefix.length + 1);
  return codec === "proto" || codec === "json" ? codec : null;
}
