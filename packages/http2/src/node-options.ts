import { checkIndexing } from "./hpack/indexing-policy.ts";
import { checkKeepalive } from "./keepalive.ts";
import { type Limits, limitsFrom } from "./limits.ts";
import type { ConnectOptions, ListenOptions } from "./node.ts";
import { longestMs } from "./runtime.ts";
import { checkNames, checkWhole, type OptionNames, wrongOption } from "./option-checks.ts";

const listenNames: OptionNames<ListenOptions> = {
  accept: true,
  port: true,
  host: true,
  tls: true,
  limits: true,
  keepalive: true,
  indexing: true,
  onProblem: true,
};

const connectNames: OptionNames<ConnectOptions> = {
  tls: true,
  timeoutMs: true,
  limits: true,
  keepalive: true,
  indexing: true,
};

/** Gives a server its limits. Throws TypeError, naming option and value, if one of its options cannot be. */
export function checkListen(options: ListenOptions): Limits {
  checkNames("options", options, listenNames, "{ accept }");
  const { accept, port, host, tls, onProblem } = options;
  if (typeof accept !== "function")
    throw wrongOption("accept", accept, "a function that takes an exchange, and gives its sink or null");
  if (port !== undefined) checkWhole("port", port, 0, 65_535);
  if (host !== undefined && (typeof host !== "string" || host === ""))
    throw wrongOption("host", host, 'an address or a name of this machine, such as "127.0.0.1"');
  if (tls !== undefined) {
    checkTls(tls);
    const { key, cert, pfx, SNICallback, pskCallback } = tls;
    const missing = key === undefined ? "key" : cert === undefined ? "cert" : undefined;
    if (missing !== undefined && (pfx ?? SNICallback ?? pskCallback) === undefined)
      throw new TypeError(`tls.${missing} is missing: give it as PEM text, or pfx`);
  }
  if (onProblem !== undefined && typeof onProblem !== "function")
    throw wrongOption("onProblem", onProblem, "a function that takes a text and a peer");
  return checkShared(options);
}

/** The same for a client. */
export function checkConnect(options: ConnectOptions): Limits {
  checkNames("options", options, connectNames, "{ timeoutMs: 5_000 }");
  const { tls, timeoutMs } = options;
  if (tls !== undefined) checkTls(tls);
  if (timeoutMs !== undefined) checkWhole("timeoutMs", timeoutMs, 1, longestMs, " of milliseconds");
  return checkShared(options);
}

function checkTls(tls: unknown): void {
  if (typeof tls !== "object" || tls === null || Array.isArray(tls))
    throw wrongOption("tls", tls, "an object of options of node:tls");
}

function checkShared({ limits, keepalive, indexing }: ListenOptions | ConnectOptions): Limits {
  if (keepalive !== undefined) checkKeepalive(keepalive);
  if (indexing !== undefined) checkIndexing(indexing);
  return limitsFrom(limits);
}
