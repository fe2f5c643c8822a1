import { createSecureContext, type TlsOptions } from "node:tls";

import type { ServerTls } from "./listen-options.ts";

/** The options of a tls.Server, checked. Throws TypeError: which of key and certificate is wrong, and how. */
export function serverTlsOptions(
  place: string,
  tls: ServerTls,
  alpn: string[],
  handshakeTimeoutMs: number,
): TlsOptions {
  const { key, cert, passphrase, pfx, SNICallback } = tls;
  if (pfx === undefined && SNICallback === undefined && (key === undefined || cert === undefined))
    throw invalid(place, `tls.${key === undefined ? "key" : "cert"} is missing: give the PEM text, or pfx`);
  if (key !== undefined) {
    const text = Buffer.isBuffer(key) || typeof key === "string" ? key : undefined;
    check(place, "tls.key is not a private key in PEM form, or needs a passphrase", () =>
      createSecureContext(text === undefined ? { key } : { key: text, passphrase }),
    );
  }
  if (cert !== undefined)
    check(place, "tls.cert is not a certificate in PEM form", () => createSecureContext({ cert }));
  check(place, "tls cannot be used, perhaps because key and cert do not belong together", () =>
    createSecureContext(tls),
  );
  return { ...tls, ALPNProtocols: alpn, handshakeTimeout: handshakeTimeoutMs };
}

function check(place: string, what: string, run: () => unknown): void {
  try {
    run();
  } catch (cause) {
    throw invalid(place, `${what} (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
}

function invalid(place: string, text: string, cause?: unknown): TypeError {
  return new TypeError(`cannot listen on ${place}: ${text}`, { cause });
}
