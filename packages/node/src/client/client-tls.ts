import type { OptionNames } from "@millrace/core/host";

/** How a client makes TLS connections. Node's own defaults where nothing is said. */
export interface ClientTls {
  /** Certificate authorities in PEM that stand in for the well-known ones. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** This client's certificate chain in PEM, with `key`. */
  readonly cert?: string | Uint8Array | undefined;
  /** The private key of `cert` in PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** The name to ask for (SNI) and to check the certificate against; default: the base URL's host. */
  readonly servername?: string | undefined;
  /** False accepts any certificate: for tests only. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
}

export const clientTlsOptions: OptionNames<ClientTls> = {
  ca: true,
  cert: true,
  key: true,
  servername: true,
  rejectUnauthorized: true,
};
