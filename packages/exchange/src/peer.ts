/** Who is at the other end. One object for all exchanges of a connection. */
export interface Peer {
  /** `address:port` with IPv6 in brackets, `unix:PATH`, or a name the carriage chose. Empty where it cannot know (fetch). */
  readonly address: string;
  readonly tls: boolean;
  /** The peer's certificate in DER, if it showed one and it was verified. */
  certificate(): Uint8Array | null;
}
