import type { Socket } from "node:net";

/** RFC 9113 section 3.4: what an HTTP/2 client sends first. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** RFC 8446 section 5.1: the first byte of a TLS handshake. */
const TLS_HANDSHAKE = 0x16;

/** What a cleartext connection turned out to be. `silent`: it said nothing, or too little, until the time was over. */
export type FirstBytes = "http1" | "http2" | "tls" | "silent" | "closed";

/**
 * Tells HTTP/1.1 from HTTP/2 by a connection's first bytes, which stay unread. `found` is called once, also when the time
 * is over or the connection has ended.
 */
export function tellProtocol(socket: Socket, timeoutMs: number, found: (first: FirstBytes) => void): void {
  let held: Buffer = Buffer.alloc(0);
  const settle = (first: FirstBytes): void => {
    clearTimeout(timer);
    socket.off("readable", read);
    socket.off("close", closed);
    if (held.length > 0) socket.unshift(held);
    found(first);
  };
  const closed = (): void => settle("closed");
  const read = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const length = Math.min(held.length, PREFACE.length);
    if (held[0] === TLS_HANDSHAKE) settle("tls");
    else if (held.compare(PREFACE, 0, length, 0, length) !== 0) settle("http1");
    else if (length === PREFACE.length) settle("http2");
  };
  const timer = setTimeout(() => settle("silent"), timeoutMs).unref();
  socket.on("readable", read);
  socket.on("close", closed);
}
