import { parseArgs } from "node:util";

/** What the command line asks for. */
export type Command =
  { readonly does: "check" } | { readonly does: "serve"; readonly port: number } | { readonly does: "help" };

/** A command line that asks for nothing that there is. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What can be asked for. */
export const usage = `Usage: npx -y pnpm@12 start [--serve [--port N]]

  without options  generate, serve, call in every way there is, and print a table;
                   exit code 1 if anything is not as it must be
  --serve          generate, serve, and stay up until Ctrl-C
  --port N         where --serve listens: 8080 unless given, 0 for a free port
  --help           this text
`;

/** Reads the arguments. Throws a {@link UsageError} of one line. */
export function parseCommandLine(args: readonly string[]): Command {
  const { help, serve, port } = parse(args);
  if (help === true) return { does: "help" };
  if (serve === true) return { does: "serve", port: port === undefined ? 8080 : parsePort(port) };
  if (port !== undefined) throw new UsageError("--port is of use with --serve only");
  return { does: "check" };
}

function parse(args: readonly string[]): { help?: boolean; serve?: boolean; port?: string } {
  try {
    return parseArgs({
      args: [...args],
      options: { help: { type: "boolean" }, serve: { type: "boolean" }, port: { type: "string" } },
    }).values;
  } catch (cause) {
    // Behind its first sentence Node's message is about arguments that this program does not have.
    throw new UsageError((cause as Error).message.split(/\.\s/)[0], { cause });
  }
}

function parsePort(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`--port is "${text}": give a number from 0 to 65535`);
}
