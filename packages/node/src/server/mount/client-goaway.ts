import type { ServerHttp2Session } from "node:http2";

import { ErrorCode } from "@millrace/exchange";

const watched = new WeakSet<ServerHttp2Session>();

/** For a session of a user's own server, which node closes as it likes: sees to it that it ends behind a client's GOAWAY. */
export function endBehindGoaway(session: ServerHttp2Session, probeMs: number): void {
  if (watched.has(session)) return;
  watched.add(session);
  session.on("goaway", (code: number) => {
    if (code === ErrorCode.NO_ERROR) process.nextTick(retire, session, probeMs);
  });
}

/**
 * Sends GOAWAY, with the last stream that is served. Behind it node notices neither that nghttp2 has given the connection up
 * over an error of the client's, nor, as it then reads no more, that the client has gone. So the session is looked at each
 * `probeMs` milliseconds until it has closed.
 */
function retire(session: ServerHttp2Session, probeMs: number): void {
  if (session.destroyed) return;
  session.close();
  const probe = setInterval(() => {
    if (session.destroyed) clearInterval(probe);
    else if (!lives(session)) session.destroy();
  }, probeMs).unref();
  session.once("close", () => clearInterval(probe));
}

/** nghttp2 queues a GOAWAY (there may be several, RFC 9113 section 6.8) unless it has ended the connection by itself. */
function lives(session: ServerHttp2Session): boolean {
  const before = session.state.outboundQueueSize ?? 0;
  session.goaway();
  return (session.state.outboundQueueSize ?? 0) > before;
}
