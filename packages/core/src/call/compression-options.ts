import type { Compression, Host } from "../host/host.ts";
import { shown } from "../shown.ts";
import { checkBytes } from "./check-option.ts";
import { checkOptions } from "./known-options.ts";
import type { OptionNames } from "./known-options.ts";
import type { SendCompression } from "./message-encoder.ts";

/** Compression of messages. What is received may always be compressed, within `accept`. */
export interface CompressionOptions {
  /**
   * The algorithm for what is sent: `gzip`, `deflate`, `br`, `zstd`; or several. A client uses the first, a server the one
   * that its client likes best. Default: none, messages are sent as they are.
   */
  send?: string | readonly string[] | undefined;
  /** The algorithms that may be received, best first. Default: `gzip`, `br`, `zstd`, `deflate`, as the engine has them. */
  accept?: readonly string[] | undefined;
  /** Messages of fewer bytes are sent as they are. Default 1024. */
  minBytes?: number | undefined;
  /** The algorithm's own level. Default: the algorithm's. */
  level?: number | undefined;
}

const compressionOptions: OptionNames<CompressionOptions> = {
  send: true,
  accept: true,
  minBytes: true,
  level: true,
};

const all = ["gzip", "br", "zstd", "deflate"] as const;

/** The algorithms that may be received, best first. Throws TypeError for one that the engine lacks. */
export function acceptedCompressions(host: Host, options: CompressionOptions | undefined): Compression[] {
  if (options?.accept !== undefined)
    return options.accept.map((name) => named(host, "compression.accept", name));
  return all.map((name) => host.compression(name)).filter((compression) => compression !== null);
}

/** The ways to send, best first. Throws TypeError for one that the engine lacks. */
export function sendCompression(host: Host, options: CompressionOptions | undefined): SendCompression[] {
  checkOptions("compression", options, compressionOptions);
  const send = options?.send;
  const names = send === undefined ? [] : typeof send === "string" ? [send] : send;
  const minBytes = checkBytes("compression.minBytes", options?.minBytes, 1024);
  return names.map((name) => {
    const algorithm = named(host, "compression.send", name);
    return { algorithm, minBytes, level: checkLevel(algorithm, options?.level) };
  });
}

/** The client's list is in its order of preference (Connect "Unary-Request"); ours says what there is to choose from. */
export function chosenFor(
  accepted: readonly string[],
  send: readonly SendCompression[],
): SendCompression | null {
  for (const name of accepted) {
    const found = send.find(({ algorithm }) => algorithm.name === name);
    if (found !== undefined) return found;
  }
  return null;
}

function checkLevel({ name, levels }: Compression, level: number | undefined): number | undefined {
  if (level === undefined) return undefined;
  if (levels === null) throw new TypeError(`compression.level: ${name} takes no level here: leave it out`);
  const [lowest, highest] = levels;
  if (Number.isInteger(level) && level >= lowest && level <= highest) return level;
  throw new TypeError(
    `compression.level is ${shown(level)}: for ${name} it must be a whole number from ${lowest} to ${highest}`,
  );
}

function named(host: Host, option: string, name: string): Compression {
  const compression = host.compression(name);
  if (compression !== null) return compression;
  const known = all.filter((one) => host.compression(one) !== null);
  throw new TypeError(
    `${option}: ${JSON.stringify(name)} is not to be had here: use ${known.join(", ") || "none"}`,
  );
}
