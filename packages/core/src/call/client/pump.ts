import type { Message } from "@bufbuild/protobuf";
import type { RpcError } from "../../error.ts";
import type { Host } from "../../host/host.ts";
import type { Init, Messages } from "../../init.ts";
import { leave } from "../leave.ts";
import type { RequestTarget } from "./request-target.ts";
import { thrownHere } from "./thrown-here.ts";

/**
 * Sends every message of a user's sequence, then ends the requests. It runs in the context that it is called in. When the
 * sequence fails, the call does. Gives what to do when the call ends first: the sequence is told by return().
 */
export function pump<I extends Message>(
  host: Host,
  messages: Messages<I>,
  target: RequestTarget<I>,
  fail: (error: RpcError) => void,
): () => void {
  const inContext = host.capture();
  let iterator: AsyncIterator<Init<I>> | Iterator<Init<I>>;
  try {
    iterator =
      Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
  } catch (error) {
    fail(thrownHere(error));
    return () => {};
  }
  let finished = false;
  const stop = (): void => {
    if (finished) return;
    finished = true;
    void inContext(() => leave(iterator));
  };
  const run = async (): Promise<void> => {
    try {
      for (;;) {
        const next = await iterator.next();
        if (finished) return;
        if (next.done === true) break;
        // A rejection is the call's own end, which its response tells.
        const room = await target.send(next.value, undefined).catch(() => false);
        if (!room) {
          stop();
          return;
        }
      }
    } catch (error) {
      if (finished) return;
      finished = true;
      fail(thrownHere(error));
      return;
    }
    finished = true;
    target.endRequests();
  };
  void run();
  return stop;
}
