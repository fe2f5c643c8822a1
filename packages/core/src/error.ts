import { isCode } from "./code.ts";
import type { Code } from "./code.ts";
import { FieldMetadata, InvalidMetadata } from "./metadata.ts";
import type { Metadata, MetadataInit } from "./metadata.ts";

/** A detail as it travels; kept verbatim when its type is unknown here. */
export interface ErrorDetail {
  /** The fully qualified name of its message type. */
  readonly type: string;
  /** The message in binary. */
  readonly value: Uint8Array;
}

export interface RpcErrorOptions {
  readonly details?: readonly ErrorDetail[] | undefined;
  readonly metadata?: MetadataInit | undefined;
  readonly cause?: unknown;
}

let markRemote: (error: RpcError) => void;

/**
 * The one error: every call fails with it, and a handler throws it to answer with a code.
 *
 * `message` is exactly the text on the wire. Throws {@link InvalidMetadata} for metadata that cannot be sent.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: Code;
  readonly details: readonly ErrorDetail[];
  /** The union of headers and trailers. */
  readonly metadata: Metadata;
  #remote = false;

  static {
    markRemote = (error) => {
      error.#remote = true;
    };
  }

  constructor(code: Code, message: string, options: RpcErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    if (!isCode(code)) throw new TypeError(`${JSON.stringify(code)} is not an RPC code: see the type Code`);
    this.code = code;
    this.details = options.details ?? [];
    this.metadata = FieldMetadata.of(options.metadata);
  }

  /** Whether the peer answered with it; otherwise it arose on this side. */
  get isRemote(): boolean {
    return this.#remote;
  }

  /**
   * What was thrown, as an RpcError: itself; an AbortError as `canceled`; a TimeoutError as `deadline_exceeded`; anything
   * else as `unknown` with a fixed text and the original as `cause`, so that no inner text travels.
   */
  static from(reason: unknown): RpcError {
    if (reason instanceof RpcError) return reason;
    if (reason instanceof InvalidMetadata) return new RpcError("internal", reason.message, { cause: reason });
    switch (errorName(reason)) {
      case "AbortError":
        return new RpcError("canceled", "the operation was canceled", { cause: reason });
      case "TimeoutError":
        return new RpcError("deadline_exceeded", "the operation timed out", { cause: reason });
      default:
        return new RpcError("unknown", "unexpected error", { cause: reason });
    }
  }
}

/** An error that the peer answered with. */
export function remoteError(code: Code, message: string, options: RpcErrorOptions = {}): RpcError {
  const error = new RpcError(code, message, options);
  markRemote(error);
  return error;
}

/** The error of a call that was canceled for `reason`: an AbortSignal's, or what cancel() was given. */
export function cancellation(reason: unknown): RpcError {
  if (reason instanceof RpcError) return reason;
  if (errorName(reason) === "TimeoutError") {
    return new RpcError("deadline_exceeded", "the operation timed out", { cause: reason });
  }
  const text = typeof reason === "string" ? `the call was canceled: ${reason}` : "the call was canceled";
  return new RpcError("canceled", text, reason === undefined ? {} : { cause: reason });
}

function errorName(reason: unknown): string | undefined {
  return reason instanceof Error ? reason.name : undefined;
}
