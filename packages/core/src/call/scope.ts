import { RpcError } from "../error.ts";
import type { Host } from "../host/host.ts";

/**
 * How long a call may run, and who hears when it may not go on: its deadline, its cancellation, and the signal that a user
 * sees of both. On a server it is also what calls made from the handler inherit.
 *
 * It is `running` until it is `canceled`, or `finished` because the call ended by itself; the first wins.
 */
export class CallScope {
  readonly #host: Host;
  readonly #begunAt: number;
  /** Its own deadline, beside those of what it is part of and of who made it. */
  readonly #own: number;
  readonly #whole: CallScope | undefined;
  #parent: CallScope | undefined;
  #state: "running" | "canceled" | "finished" = "running";
  #reason: RpcError | undefined;
  #listeners: Set<(reason: RpcError) => void> | undefined;
  #controller: AbortController | undefined;
  #releases: (() => void)[] | undefined;
  #parts: CallScope[] | undefined;

  /** `deadline` on the host's clock. `whole`: what this is part of, whose deadline holds here as well. */
  constructor(host: Host, deadline: number, whole?: CallScope) {
    this.#host = host;
    this.#begunAt = host.now();
    this.#own = deadline;
    this.#whole = whole;
  }

  /** On the host's clock; Infinity without one. It may move away once: when the parent succeeds. */
  get deadline(): number {
    // A parent that has finished lets its children be.
    const parents = this.#parent === undefined || this.#parent.finished ? Infinity : this.#parent.deadline;
    return Math.min(this.#own, this.#whole?.deadline ?? Infinity, parents);
  }

  /** Why the call was canceled; undefined if it was not. */
  get reason(): RpcError | undefined {
    return this.#reason;
  }

  /** Whether the call has ended by itself. */
  get finished(): boolean {
    return this.#state === "finished";
  }

  /** Milliseconds to the deadline, not below 0. */
  get remainingMs(): number {
    const { deadline } = this;
    return deadline === Infinity ? Infinity : Math.max(0, deadline - this.#host.now());
  }

  /** The error of a call whose deadline has passed. */
  deadlineExceeded(): RpcError {
    const allowed = `${Math.max(0, Math.round(this.deadline - this.#begunAt))} ms`;
    return new RpcError("deadline_exceeded", `the deadline has passed: the call had ${allowed}`);
  }

  /** Aborted when the scope is canceled. Made on first use, since most calls never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * Hears when the deadline has passed. A deadline that has moved away meanwhile is waited for again. The timer stays until
   * {@link release}, also behind an outcome.
   */
  arm(expired: () => void): void {
    this.after(this.deadline, () => {
      if (this.remainingMs > 0) this.arm(expired);
      else expired();
    });
  }

  /** Starts a timer, which stays until {@link release}. */
  after(at: number, run: () => void): void {
    if (at !== Infinity) this.#hold(this.#host.timer(at, run));
  }

  /** Cancels this scope with a signal of the user's. The listener is gone with {@link release}. */
  follow(signal: AbortSignal, toReason: (reason: unknown) => RpcError): void {
    if (signal.aborted) {
      this.cancel(toReason(signal.reason));
      return;
    }
    const listener = (): void => this.cancel(toReason(signal.reason));
    signal.addEventListener("abort", listener, { once: true });
    this.#hold(() => signal.removeEventListener("abort", listener));
  }

  /** Takes over the parent's deadline and cancellation. A parent that has finished lets its children be. */
  inherit(parent: CallScope): void {
    if (parent.#reason !== undefined) this.cancel(inherited(parent.#reason));
    else if (parent.#state === "running") {
      this.#parent = parent;
      this.#hold(parent.onCancel((reason) => this.cancel(inherited(reason))));
    }
  }

  /**
   * A scope inside this one, for a part of the same call with a deadline of its own: canceled, finished and released with
   * this one.
   */
  part(deadline: number): CallScope {
    const part = new CallScope(this.#host, deadline, this);
    if (this.#reason !== undefined) part.cancel(this.#reason);
    else if (this.#state === "finished") part.finish();
    else {
      (this.#parts ??= []).push(part);
      part.after(deadline, () => part.cancel(part.deadlineExceeded()));
    }
    return part;
  }

  /** Hears of the cancellation once; at most one of them, and not after {@link finish}. Gives what stops it. */
  onCancel(listener: (reason: RpcError) => void): () => void {
    if (this.#state !== "running") return () => {};
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  cancel(reason: RpcError): void {
    if (this.#state !== "running") return;
    this.#state = "canceled";
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    this.#controller?.abort(reason);
    if (listeners !== undefined) for (const listener of listeners) listener(reason);
    if (this.#parts !== undefined) for (const part of this.#parts) part.cancel(reason);
  }

  /** The call ended by itself: nothing cancels it any more, and calls made from it go their own way. */
  finish(): void {
    if (this.#state === "running") this.#state = "finished";
    this.#listeners = undefined;
    if (this.#parts !== undefined) for (const part of this.#parts) part.finish();
  }

  /** The call is closed: timers and listeners go. */
  release(): void {
    this.finish();
    const releases = this.#releases;
    this.#releases = undefined;
    if (releases !== undefined) for (const release of releases) release();
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts !== undefined) for (const part of parts) part.release();
  }

  #hold(release: () => void): void {
    (this.#releases ??= []).push(release);
  }
}

/** Why a call ends whose parent has ended: an error of its own, that names it. A parent's own failure is not the child's. */
function inherited(reason: RpcError): RpcError {
  if (reason.code === "canceled" || reason.code === "deadline_exceeded")
    return new RpcError(reason.code, reason.message, { cause: reason });
  return new RpcError("canceled", "the call that made this one has failed", { cause: reason });
}
