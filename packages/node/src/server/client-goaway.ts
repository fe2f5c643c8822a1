import type { ServerHttp2Session } from "node:http2";

import { ErrorCode } from "@millrace/exchange";

import { retireSession } from "./retire-session.ts";

const watched = new WeakSet<ServerHttp2Session>();

/** For a session of a user's own server, which node closes as it likes: sees to it that it ends. */
export function endBehindGoaway(session: ServerHttp2Session, probeMs: number): void {
  if (watched.has(session)) return;
  watched.add(session);
  session.on("goaway", (code: number) => {
    if (code === ErrorCode.NO_ERROR) process.nextTick(retireSession, session, probeMs);
  });
}
