/** Why a server cannot have an address: what was asked for, what the system said, and what helps. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** The system's code, as `EADDRINUSE`. */
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** A listener's error, told with its address and what to do. */
export function listenError(place: string, cause: unknown): ListenError {
  if (cause instanceof ListenError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? "EUNKNOWN";
  const reason = cause instanceof Error ? cause.message : String(cause);
  const known = REASONS[code];
  return new ListenError(code, `cannot listen on ${place}: ${known ?? reason} (${code})`, cause);
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there. Stop it, choose another, or use port 0 for a free one",
  EACCES:
    "not permitted. Ports below 1024 need privileges; a socket's path needs a folder that can be written to",
  EADDRNOTAVAIL:
    "this machine does not have that address. Use one of its own, 127.0.0.1, or leave host out for all",
  ENOTFOUND: "the host's name does not resolve. Use an address of this machine, or leave host out for all",
  ENOENT: "the folder of the socket's path does not exist. Create it first",
  EINVAL: "the address is not valid. A socket's path must be short: about 100 bytes",
};
