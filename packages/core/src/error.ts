import { checkDetails } from "./check-details.ts";
import { isCode } from "./code.ts";
import type { Code } from "./code.ts";
import type { ErrorDetail } from "./error-detail.ts";
import { FieldMetadata, InvalidMetadata, UnreadableRequest } from "./metadata.ts";
import type { Metadata, MetadataInit } from "./metadata.ts";

/** What an {@link RpcError} may have beside its code and message. */
export interface RpcErrorOptions {
  /** What travels with the error, in order: made by errorDetail(). Default: none. */
  readonly details?: readonly ErrorDetail[] | undefined;
  /** Travels with the error. Default: none. */
  readonly metadata?: MetadataInit | undefined;
  /** Stays on this side: as in Error. */
  readonly cause?: unknown;
}

let markRemote: (error: RpcError) => void;
let markNotModified: (error: RpcError) => void;
let markedNotModified: (error: RpcError) => boolean;

/**
 * The one error: every call fails with it, and a handler throws it to answer with a code.
 *
 * `message` is exactly the text on the wire; the head of `stack` names the call that failed, too. Throws
 * {@link InvalidMetadata} for metadata that cannot be sent, TypeError for a code or a detail that is none.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** The status, by name. */
  readonly code: Code;
  /** In the order in which they were given, or came. findDetails() decodes those of one type. */
  readonly details: readonly ErrorDetail[];
  /** The union of headers and trailers. */
  readonly metadata: Metadata;
  /** The path of the client's call that failed with it first, as `/greet.v1.GreetService/Greet`; absent if none did. */
  declare readonly method?: string;
  #remote = false;
  #notModified = false;

  static {
    markRemote = (error) => {
      error.#remote = true;
    };
    markNotModified = (error) => {
      error.#notModified = true;
    };
    markedNotModified = (error) => error.#notModified;
  }

  constructor(code: Code, message: string, options: RpcErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    if (!isCode(code)) throw noCode(code);
    this.code = code;
    this.details = options.details === undefined ? [] : checkDetails(options.details);
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
    if (isRpcError(reason)) return reason;
    if (isA(UnreadableRequest, reason))
      return new RpcError("invalid_argument", reason.message, { cause: reason });
    if (isA(InvalidMetadata, reason)) return new RpcError("internal", reason.message, { cause: reason });
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

function noCode(given: unknown): TypeError {
  const lower = typeof given === "string" ? given.toLowerCase() : given;
  const fix = isCode(lower) ? `write "${lower}"` : "see the type Code";
  return new TypeError(`${JSON.stringify(given)} is not an RPC code: ${fix}`);
}

/**
 * What a handler throws to answer "not modified": the client's copy is still good (Connect "Unary-Get-Request"; RFC 9110
 * section 15.4.5). It becomes a 304 with `headers`, `etag` say, when the call came as a Connect GET; any other call fails
 * with `unknown`, so look at `call.httpMethod` first.
 */
export function notModified(headers?: MetadataInit): RpcError {
  const error = new RpcError("unknown", "not modified", { metadata: headers });
  markNotModified(error);
  return error;
}

/**
 * Whether a call failed because the server answered "not modified" to its GET, which had `if-none-match` or
 * `if-modified-since` among its headers.
 */
export function isNotModified(error: unknown): boolean {
  return isRpcError(error) && markedNotModified(error);
}

/** An error that the peer answered with. */
export function remoteError(code: Code, message: string, options: RpcErrorOptions = {}): RpcError {
  const error = new RpcError(code, message, options);
  markRemote(error);
  return error;
}

/** Names the call that fails with an error. The first stays: who passes an error on adds nothing to it. */
export function nameCall(error: RpcError, path: string): void {
  if (error.method !== undefined) return;
  const { stack, message } = error;
  Reflect.defineProperty(error, "method", { value: path, enumerable: true });
  const head = `RpcError: ${message}`;
  // Where stacks do not begin with the error's text, `method` alone says it.
  if (stack?.startsWith(head) !== true) return;
  Reflect.set(
    error,
    "stack",
    `RpcError: ${path} failed with ${error.code}: ${message}${stack.slice(head.length)}`,
  );
}

/** The error of a call that was canceled for `reason`: an AbortSignal's, or what cancel() was given. */
export function cancellation(reason: unknown): RpcError {
  if (isRpcError(reason)) return reason;
  if (errorName(reason) === "TimeoutError") {
    return new RpcError("deadline_exceeded", "the operation timed out", { cause: reason });
  }
  const text = typeof reason === "string" ? `the call was canceled: ${reason}` : "the call was canceled";
  return new RpcError("canceled", text, reason === undefined ? {} : { cause: reason });
}

// What was thrown may be anything: a proxy whose traps throw, an error whose getters do. Looking at it must not.

/** Whether what was thrown is an RpcError. */
export function isRpcError(thrown: unknown): thrown is RpcError {
  return isA(RpcError, thrown);
}

/** The name of an error that was thrown; undefined if it was none. */
export function errorName(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.name : undefined;
  } catch {
    return undefined;
  }
}

/** Whether what was thrown is one of a class. */
export function isA<E>(kind: new (...args: never[]) => E, thrown: unknown): thrown is E {
  try {
    return thrown instanceof kind;
  } catch {
    return false;
  }
}

/** The text of what was thrown. */
export function errorText(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "an error that cannot be shown";
  }
}
