import type { ReplyPromise, ReplyStream } from "./streams.ts";

/** What a call gives that a handler may give on as its own: replies say of themselves which they are. */
export type Relayable =
  | (ReplyPromise<unknown> & { readonly "~relay": "reply" })
  | (ReplyStream<unknown> & { readonly "~relay": "stream" });

/** Whether a value is another call's reply. */
export function isRelayable(value: unknown): value is Relayable {
  return typeof value === "object" && value !== null && "~relay" in value;
}
