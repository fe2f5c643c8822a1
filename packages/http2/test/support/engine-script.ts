import type { Peer } from "@millrace/exchange";
import type { IndexingPolicy } from "../../src/hpack/indexing-policy.ts";
import type { KeepaliveOptions } from "../../src/keepalive.ts";
import type { LimitOptions } from "../../src/limits.ts";
import type { WindowBudget } from "../../src/window-budget.ts";
import type { Frame } from "./frames.ts";
import { ManualRuntime } from "./manual-runtime.ts";
import { Wire } from "./wire.ts";

export const peer: Peer = { address: "memory", tls: false, certificate: () => null };

export interface ScriptOptions {
  readonly limits?: LimitOptions;
  readonly keepalive?: KeepaliveOptions;
  readonly budget?: WindowBudget;
  readonly indexing?: IndexingPolicy;
}

/** A connection's engine in memory, to which a test is the peer, frame by frame. */
export abstract class EngineScript {
  readonly runtime: ManualRuntime = new ManualRuntime();
  readonly wire: Wire = new Wire(this.runtime);
  /** What closed() told: the problem, or null. */
  closed: string | null | undefined;

  /** The peer sends these, in one piece; the engine has its turns. */
  receive(...frames: readonly (Frame | Uint8Array)[]): void {
    this.wire.deliver(...frames);
    this.runtime.settle();
  }

  /** What the engine has sent since. */
  sent(): string[] {
    this.runtime.settle();
    return this.wire.sent();
  }
}
