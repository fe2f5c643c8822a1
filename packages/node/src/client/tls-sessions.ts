import type { TLSSocket } from "node:tls";
import { certificateOf, resumedWith } from "../socket/peer.ts";

/** Kept for later connections; a server gives a client one or two a connection. */
const mostKept = 8;

/** What a connection can be resumed with. */
export interface TlsSession {
  readonly bytes: Buffer;
  /** The server's, in DER: it does not send it again. */
  readonly certificate: Uint8Array | null;
}

/**
 * What later TLS connections to an origin are resumed with, for a round trip and the certificates less (RFC 8446 section 2.2,
 * RFC 5077). A ticket of TLS 1.3 is used once, so that who watches cannot tell that two connections are one client's (RFC 8446
 * section C.4).
 */
export class TlsSessions {
  readonly #kept: TlsSession[] = [];

  /** The newest, which is then gone. */
  take(): TlsSession | undefined {
    return this.#kept.pop();
  }

  /** Keeps what a connection is given; `offered` is what it was begun with. */
  listen(socket: TLSSocket, offered: TlsSession | undefined): void {
    /** What came before it was known whom it is from. */
    let given: Buffer[] = [];
    const keep = (): void => {
      const certificate = certificateOf(socket);
      for (const bytes of given) this.#kept.push({ bytes, certificate });
      given = [];
      while (this.#kept.length > mostKept) this.#kept.shift();
    };
    const take = (bytes: Buffer): void => {
      given.push(bytes);
      if (given.length > mostKept) given.shift();
      if (socket.authorized) keep();
    };
    socket.on("session", take);
    socket.once("secureConnect", () => {
      // What is resumed is not asked for its name again: of who has not shown a good one, nothing is kept.
      if (!socket.authorized) {
        socket.off("session", take);
        given = [];
        return;
      }
      if (offered !== undefined && socket.isSessionReused()) {
        resumedWith(socket, offered.certificate);
        // Before TLS 1.3 a session is good for more than once, and what was resumed brings no other.
        if (socket.getProtocol() !== "TLSv1.3" && given.length === 0) given.push(offered.bytes);
      }
      keep();
    });
  }
}
