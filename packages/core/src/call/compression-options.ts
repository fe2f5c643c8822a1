/** Compression of messages. What is received may always be compressed, within `accept`. */
export interface CompressionOptions {
  /**
   * The algorithm for what is sent, if the peer accepts it: `gzip`, `deflate`, `br`, `zstd`. Default on a client: none. A
   * server's default is none too; `true` there takes the peer's first choice.
   */
  send?: string | boolean | undefined;
  /** The algorithms that may be received, best first. Default: `gzip`, `br`, `zstd`, `deflate`, as the engine has them. */
  accept?: readonly string[] | undefined;
  /** Messages of fewer bytes are sent as they are. Default 1024. */
  minBytes?: number | undefined;
  /** The algorithm's own level. Default: the algorithm's. */
  level?: number | undefined;
}
