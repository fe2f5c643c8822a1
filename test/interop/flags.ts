import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

// The programs here are started as grpc-go's are: by the same flags, and by --compression, which grpc-go's have not.

export interface ClientFlags {
  readonly testCase: string;
  /** `127.0.0.1:50051` */
  readonly address: string;
  /** Undefined: cleartext. The server's certificate is for `serverName`, not for its address. */
  readonly tls: { readonly ca: Buffer; readonly serverName: string } | undefined;
  /** The algorithm for requests. Undefined: none. */
  readonly compression: string | undefined;
}

export interface ServerFlags {
  /** 0: any that is free. */
  readonly port: number;
  /** Undefined: cleartext. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** The algorithm for responses. Undefined: none. */
  readonly compression: string | undefined;
}

/** Reads a client's flags. Throws if one is missing or unknown. */
export function clientFlags(): ClientFlags {
  const { values } = parseArgs({
    options: {
      server_host: { type: "string", default: "127.0.0.1" },
      server_port: { type: "string" },
      server_host_override: { type: "string" },
      test_case: { type: "string" },
      use_tls: { type: "boolean", default: false },
      ca_file: { type: "string" },
      compression: { type: "string" },
    },
  });
  const tls = values.use_tls && {
    ca: readFileSync(given("--ca_file", values.ca_file)),
    serverName: given("--server_host_override", values.server_host_override),
  };
  return {
    testCase: given("--test_case", values.test_case),
    address: `${values.server_host}:${given("--server_port", values.server_port)}`,
    tls: tls || undefined,
    compression: values.compression,
  };
}

/** Reads a server's flags. Throws if one is missing or unknown. */
export function serverFlags(): ServerFlags {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      use_tls: { type: "boolean", default: false },
      tls_cert_file: { type: "string" },
      tls_key_file: { type: "string" },
      compression: { type: "string" },
    },
  });
  const tls = values.use_tls && {
    cert: readFileSync(given("--tls_cert_file", values.tls_cert_file)),
    key: readFileSync(given("--tls_key_file", values.tls_key_file)),
  };
  return { port: Number(values.port), tls: tls || undefined, compression: values.compression };
}

function given(flag: string, value: string | undefined): string {
  if (value === undefined) throw new Error(`${flag} is missing`);
  return value;
}
