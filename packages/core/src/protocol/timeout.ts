import { RpcError } from "../error.ts";

const units: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Connect "Timeout": milliseconds, at most ten digits. */
export function printConnectTimeout(ms: number): string {
  return String(wholeMs(ms, 9_999_999_999));
}

/** Reads `connect-timeout-ms`, in milliseconds. Throws RpcError `invalid_argument`. */
export function parseConnectTimeout(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw malformed("connect-timeout-ms", text, "at most ten digits");
}

/** gRPC "Timeout": at most eight digits and a unit. Coarser units, rounded up, only when milliseconds do not fit. */
export function printGrpcTimeout(ms: number): string {
  const longest = 99_999_999;
  const whole = wholeMs(ms, Number.MAX_SAFE_INTEGER);
  for (const unit of ["m", "S", "M"]) {
    const count = Math.ceil(whole / units[unit]!);
    if (count <= longest) return `${count}${unit}`;
  }
  return `${Math.min(Math.ceil(whole / units["H"]!), longest)}H`;
}

/** Reads `grpc-timeout`, in milliseconds. Throws RpcError `invalid_argument`. */
export function parseGrpcTimeout(text: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  if (match !== null) return Number(match[1]) * units[match[2]!]!;
  throw malformed("grpc-timeout", text, "at most eight digits and one of H, M, S, m, u, n");
}

/** How long a call may take, as its head says it. */
export interface Timeout {
  /** Milliseconds; Infinity without a deadline. */
  readonly timeoutMs: number;
  /** What is wrong with it; null if nothing is. */
  readonly refusal: RpcError | null;
}

/** Reads the field of a timeout, by one of the functions above. */
export function readTimeout(text: string | undefined, parse: (text: string) => number): Timeout {
  if (text === undefined) return { timeoutMs: Infinity, refusal: null };
  try {
    return { timeoutMs: parse(text), refusal: null };
  } catch (error) {
    return { timeoutMs: Infinity, refusal: RpcError.from(error) };
  }
}

/**
 * Rounded up, and never 0, which would say that the deadline has passed: the server's must not come before the client's,
 * which would then see a reset that it cannot explain.
 */
function wholeMs(ms: number, longest: number): number {
  return Math.min(Math.max(Math.ceil(ms), 1), longest);
}

function malformed(name: string, text: string, grammar: string): RpcError {
  return new RpcError(
    "invalid_argument",
    `${name} ${JSON.stringify(text.slice(0, 32))} is malformed: it is ${grammar}`,
  );
}
