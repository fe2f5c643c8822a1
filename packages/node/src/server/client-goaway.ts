import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

import { ErrorCode } from "@millrace/exchange";

import { retireSession } from "./retire-session.ts";

/**
 * Lets a client that takes leave (GOAWAY with NO_ERROR, RFC 9113 section 6.8) finish the streams that it has open.
 *
 * node answers such a GOAWAY with session.close(). Behind that it does not notice any more when nghttp2 gives the connection
 * up over an error of the client's: the streams, and the socket, would stay for ever. So it may close once they are gone.
 */
export function closeBehindStreams(session: ServerHttp2Session): void {
  let open = 0;
  let leaving = false;
  const closeIfLast = (): void => {
    if (leaving && open === 0) session.close();
  };
  session.on("stream", (stream: ServerHttp2Stream) => {
    open++;
    stream.once("close", () => {
      open--;
      closeIfLast();
    });
  });
  session.on("goaway", (code: number) => {
    if (code !== ErrorCode.NO_ERROR) return;
    leaving = true;
    const { close } = session;
    // The call that follows this event, and no other.
    session.close = () => {
      session.close = close;
    };
    // Streams that came in the same packet are told of by then: node does so a tick later than of the GOAWAY.
    setImmediate(closeIfLast);
  });
}

const watched = new WeakSet<ServerHttp2Session>();

/** For a session of a user's own server, which node closes as it likes: sees to it that it ends. */
export function endBehindGoaway(session: ServerHttp2Session, probeMs: number): void {
  if (watched.has(session)) return;
  watched.add(session);
  session.on("goaway", (code: number) => {
    if (code === ErrorCode.NO_ERROR) process.nextTick(retireSession, session, probeMs);
  });
}
