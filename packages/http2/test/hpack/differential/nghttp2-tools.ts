import { spawnSync } from "node:child_process";
import type { BlockStep, Decoded, ListStep, Peer } from "./peer.ts";
import { tools } from "./tools.ts";

/** What the programs read and write. */
interface Case {
  readonly wire?: string;
  readonly headers?: readonly Readonly<Record<string, string>>[];
  readonly header_table_size?: number;
}

/** nghttp2's programs, which stop at the first error. */
export function nghttp2Tools(): Peer {
  function ask(
    program: string,
    args: readonly string[],
    cases: readonly Case[],
  ): { cases: Case[]; isWhole: boolean } {
    const input = JSON.stringify({ cases });
    const { error, status, stdout } = spawnSync(program, args, {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 30,
    });
    if (error !== undefined) throw error;
    // After an error the text is cut off behind a case, or behind the comma that follows one.
    const text = status === 0 ? stdout : `${stdout.trimEnd().replace(/,$/, "")}]}`;
    return { ...(JSON.parse(text) as { cases: Case[] }), isWhole: status === 0 };
  }

  function decode(steps: readonly BlockStep[]): Decoded[] {
    const cases = steps.map(({ setting, block }) => {
      const wire = Buffer.from(block).toString("hex");
      return setting === undefined ? { wire } : { wire, header_table_size: setting };
    });
    const { cases: results, isWhole } = ask(tools.inflatehd, [], cases);
    const decoded: Decoded[] = results.map(({ headers = [] }) =>
      headers.flatMap((header) => Object.entries(header).flat()),
    );
    return isWhole ? decoded : [...decoded, "error"];
  }

  function encode(steps: readonly ListStep[]): Uint8Array[] {
    const setting = steps[0]?.setting;
    const args = setting === undefined ? [] : ["-s", String(setting)];
    const cases = steps.map(({ fields }) => ({ headers: pairs(fields) }));
    return ask(tools.deflatehd, args, cases).cases.map(({ wire = "" }) => Buffer.from(wire, "hex"));
  }

  return {
    name: "nghttp2",
    // Its JSON is UTF-8, and its names end at a NUL.
    octets: { min: 1, max: 127 },
    resizes: false,
    decode: (connections) => connections.map(decode),
    encode: (connections) => connections.map(encode),
  };
}

function pairs(fields: readonly string[]): Record<string, string>[] {
  return Array.from({ length: fields.length / 2 }, (_, i) => ({ [fields[2 * i]!]: fields[2 * i + 1]! }));
}
