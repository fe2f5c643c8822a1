import type { Awaitable } from "../init.ts";
import type { CallHead } from "./call-head.ts";

/** Runs before a byte of the body is read: throw RpcError to refuse, set values to pass on. */
export type Gate = (call: CallHead) => Awaitable<void>;
