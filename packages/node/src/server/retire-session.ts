import type { ServerHttp2Session } from "node:http2";

/**
 * Sends GOAWAY, with the last stream that is served: what a client had under way beyond it, it may send elsewhere. The two
 * steps of RFC 9113 section 6.8, which would serve that too, are not to be had: node ignores new streams after any
 * GOAWAY, also after one that promises to serve them.
 *
 * Behind it node notices neither that nghttp2 has given the connection up over an error of the client's, nor, as it then
 * reads no more, that the client has gone. So the session is looked at each `probeMs` milliseconds until it has closed.
 */
export function retireSession(session: ServerHttp2Session, probeMs: number): void {
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
