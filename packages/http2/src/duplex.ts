/**
 * A stream of bytes both ways, as the engine needs it: a socket, a TLS session, a pipe in memory. An adapter makes one of
 * what its runtime has. Its methods never throw, and never call the sink before they return.
 */
export interface Duplex {
  /** Begins to tell the sink. Nothing comes before this. Once. */
  start(sink: DuplexSink): void;
  /** Sends bytes, in their order, which stay as they are until they are out. Always taken. False: wait for writable(). */
  write(parts: readonly Uint8Array[]): boolean;
  /** Holds back what comes, and lets it come again. */
  pause(): void;
  resume(): void;
  /** Ends our half behind what was written. */
  end(): void;
  /** Ends both halves, now. closed() follows. */
  destroy(): void;
}

/** What a duplex tells. */
export interface DuplexSink {
  /** Bytes, borrowed until this returns. */
  data(chunk: Uint8Array, start: number, end: number): void;
  /** There is room again. Only after write() answered false. */
  writable(): void;
  /** The peer has ended its half. */
  end(): void;
  /** Once, last. `cause`: what the transport says, if it broke. */
  closed(cause: unknown): void;
}
