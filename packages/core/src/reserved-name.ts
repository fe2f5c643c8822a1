/** Names that HTTP or a protocol owns: users neither see nor set them. */
const reserved: ReadonlySet<string> = /*@__PURE__*/ new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether a lower-case field name is reserved (Connect "Leading-Metadata", gRPC "Custom-Metadata"). */
export function isReservedName(name: string): boolean {
  if (reserved.has(name)) return true;
  switch (name.charCodeAt(0)) {
    case 0x3a: // ":"
      return true;
    case 0x63: // "c"
      return name.startsWith("connect-");
    case 0x67: // "g"
      return name.startsWith("grpc-") && name !== "grpc-trace-bin" && name !== "grpc-tags-bin";
    case 0x74: // "t"
      return name.startsWith("trailer-");
    default:
      return false;
  }
}
