/** Compression of messages. What is received may always be compressed, within `accept`. */
export interface CompressionOptions {
  /**
   * The algorithm for what is sent: `gzip`, `deflate`, `br`, `zstd`; or several, best first. A client uses the first, a
   * server the first that the client accepts. Default: none, messages are sent as they are.
   */
  send?: string | readonly string[] | undefined;
  /** The algorithms that may be received, best first. Default: `gzip`, `br`, `zstd`, `deflate`, as the engine has them. */
  accept?: readonly string[] | undefined;
  /** Messages of fewer bytes are sent as they are. Default 1024. */
  minBytes?: number | undefined;
  /** The algorithm's own level. Default: the algorithm's. */
  level?: number | undefined;
}
