import { checkOptions, type OptionNames, shown } from "@millrace/core/host";
import type { KeepaliveOptions } from "@millrace/http2";
import { longestMs } from "../host/node-host.ts";

/** HTTP/2: how a server finds out that a client is gone which never said so. */
export interface ServerKeepalive {
  /** After so long without a byte of the peer's it is asked, by PING. 300,000. */
  readonly intervalMs?: number | undefined;
  /** After so long without an answer the connection is given up. 20,000. */
  readonly timeoutMs?: number | undefined;
}

/** HTTP/2: how a client finds out that a server is gone which never said so. */
export interface ClientKeepalive extends ServerKeepalive {
  /**
   * Ask while no call runs, too. Default false: servers of gRPC close a connection for it. The first call behind a silence
   * of `intervalMs` then asks at once.
   */
  readonly whileIdle?: boolean | undefined;
}

const serverNames: OptionNames<ServerKeepalive> = { intervalMs: true, timeoutMs: true };
const clientNames: OptionNames<Required<ClientKeepalive>> = { ...serverNames, whileIdle: true };

/** Servers of gRPC allow a PING every five minutes. */
const defaults: KeepaliveOptions = { intervalMs: 300_000, timeoutMs: 20_000 };

/** The same with its defaults; undefined: nobody asks. Throws TypeError, naming option and value. */
export function serverKeepalive(given: ServerKeepalive | false | undefined): KeepaliveOptions | undefined {
  return keepalive(given, serverNames);
}

/** The same for a client. */
export function clientKeepalive(given: ClientKeepalive | false | undefined): KeepaliveOptions | undefined {
  const options = keepalive(given, clientNames);
  const whileIdle = given === false ? undefined : given?.whileIdle;
  if (whileIdle !== undefined && typeof whileIdle !== "boolean")
    throw new TypeError(`keepalive.whileIdle is ${shown(whileIdle)}: it must be true or false`);
  return options && { ...options, whileIdle };
}

function keepalive(
  given: ServerKeepalive | false | undefined,
  names: Readonly<Record<string, true>>,
): KeepaliveOptions | undefined {
  if (given === false) return undefined;
  if (given !== undefined && (typeof given !== "object" || given === null))
    throw new TypeError(`keepalive is ${shown(given)}: it must be false, or such as { intervalMs: 60_000 }`);
  checkOptions("keepalive", given, names);
  return {
    intervalMs: milliseconds("intervalMs", given?.intervalMs),
    timeoutMs: milliseconds("timeoutMs", given?.timeoutMs),
  };
}

function milliseconds(name: "intervalMs" | "timeoutMs", value: number | undefined): number {
  if (value === undefined) return defaults[name];
  if (Number.isInteger(value) && value >= 1 && value <= longestMs) return value;
  const fix = value === Infinity ? " (keepalive: false asks nobody)" : "";
  throw new TypeError(
    `keepalive.${name} is ${shown(value)}: it must be a whole number of milliseconds from 1 to ${longestMs}${fix}`,
  );
}
