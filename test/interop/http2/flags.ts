import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

// All programs here take these flags, whatever they are written in.

export interface ClientFlags {
  readonly port: number;
  readonly testCase: string;
  /** Who vouches for the server. Undefined: cleartext. */
  readonly ca: Buffer | undefined;
}

export interface ServerFlags {
  /** Undefined: cleartext. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** What a stream may have under way at first, in bytes. Undefined: what the implementation takes. */
  readonly window: number | undefined;
}

/** Reads a client's flags. Throws if one is missing or unknown. */
export function clientFlags(): ClientFlags {
  const { values } = parseArgs({
    options: { port: { type: "string" }, test_case: { type: "string" }, ca_file: { type: "string" } },
  });
  const { port, test_case: testCase, ca_file: ca } = values;
  if (port === undefined || testCase === undefined) throw new Error("--port or --test_case is missing");
  return { port: Number(port), testCase, ca: ca === undefined ? undefined : readFileSync(ca) };
}

/** Reads a server's flags. Throws if one is unknown. */
export function serverFlags(): ServerFlags {
  const { values } = parseArgs({
    options: { cert_file: { type: "string" }, key_file: { type: "string" }, window: { type: "string" } },
  });
  const { cert_file: cert, key_file: key, window } = values;
  const hasTls = cert !== undefined && key !== undefined;
  return {
    tls: hasTls ? { cert: readFileSync(cert), key: readFileSync(key) } : undefined,
    window: window === undefined ? undefined : Number(window),
  };
}
