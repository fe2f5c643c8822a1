/** A detail as it travels; kept verbatim when its type is unknown here. */
export interface ErrorDetail {
  /** The fully qualified name of its message type. */
  readonly type: string;
  /** The message in binary. */
  readonly value: Uint8Array;
  /**
   * What stands before `type` in its URL, with the slash. gRPC carries it, so that a relay passes it on; Connect does not.
   * Default: `type.googleapis.com/`.
   */
  readonly typeUrlPrefix?: string | undefined;
}
