import type { CodecMode } from "./codec/codecs.ts";
import { PluginError, quote } from "./plugin-error.ts";

const booleans = ["true", "1", "false", "0"];

/** What each option takes: one of some values, several of them joined by `+`, or a `<pattern>:<target>`. */
type OptionValues =
  | { readonly kind: "one"; readonly values: readonly string[] }
  | { readonly kind: "several"; readonly values: readonly string[] }
  | { readonly kind: "mapping" };

/** The options of protoc-gen-es that change what this plugin prints, and how; and `codec`, which is its own. */
const options: Readonly<Record<string, OptionValues>> = {
  target: { kind: "several", values: ["ts", "js", "dts"] },
  import_extension: { kind: "one", values: ["none", "js", "ts", ".js", ".ts", ""] },
  js_import_style: { kind: "one", values: ["module", "legacy_commonjs"] },
  keep_empty_files: { kind: "one", values: booleans },
  ts_nocheck: { kind: "one", values: booleans },
  map_imports: { kind: "mapping" },
  rewrite_imports: { kind: "mapping" },
  elide_plugin_version: { kind: "one", values: booleans },
  erasable_syntax: { kind: "one", values: booleans },
  codec: { kind: "one", values: ["generated", "reflect"] },
};

/** Options of protoc-gen-es that have no meaning here: refused, so that nobody waits for what they would do. */
const elsewhere: Readonly<Record<string, string>> = {
  json_types: "JSON types",
  valid_types: "Valid types",
};

/**
 * Checks the plugin's parameter, `name=value` pairs joined by commas. Throws a PluginError that names the option, its
 * value, and what would be right.
 */
export function checkParameter(parameter: string): void {
  if (parameter === "") return;
  for (const option of parameter.split(",")) {
    if (option === "")
      throw new PluginError(`an option is empty in ${quote(parameter)}: remove the comma too many`);
    const equals = option.indexOf("=");
    checkOption(
      option,
      equals < 0 ? option : option.slice(0, equals),
      equals < 0 ? "" : option.slice(equals + 1),
    );
  }
}

function checkOption(option: string, name: string, value: string): void {
  const what = Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined;
  if (what !== undefined) {
    throw new PluginError(
      `option ${quote(option)}: ${what} come from protoc-gen-es alone, and clients and handlers are the same with and without them: give ${name} to protoc-gen-es and leave it out here`,
    );
  }
  const known = Object.hasOwn(options, name) ? options[name] : undefined;
  if (known === undefined) {
    throw new PluginError(
      `unknown option ${quote(name)}: the options are ${Object.keys(options).join(", ")}`,
    );
  }
  switch (known.kind) {
    case "one":
      if (known.values.includes(value)) return;
      throw new PluginError(`option ${quote(option)}: ${name} takes ${list(known.values)}`);
    case "several":
      if (value.split("+").every((part) => known.values.includes(part))) return;
      throw new PluginError(
        `option ${quote(option)}: ${name} takes ${list(known.values)}, or several of them joined by "+"`,
      );
    case "mapping":
      if (/^[^:]+:./.test(value)) return;
      throw new PluginError(`option ${quote(option)}: ${name} takes <pattern>:<target>`);
  }
}

function list(values: readonly string[]): string {
  const named = values.filter((value) => value !== "" && !value.startsWith("."));
  return `${named.slice(0, -1).join(", ")} or ${named.at(-1)}`;
}

/** Whether JavaScript is generated as CommonJS modules; of an option given twice the last counts. */
export function usesCommonJs(parameter: string): boolean {
  return /.*(?:^|,)js_import_style=([^,]*)/s.exec(parameter)?.[1] === "legacy_commonjs";
}

/** What the plugin framework does not know itself. */
export interface OwnOptions {
  readonly codec: CodecMode;
}

/**
 * Reads the options that the plugin framework does not know; of one given twice the last counts. Generated code is
 * erasable with or without `erasable_syntax`.
 */
export function parseOwnOptions(given: readonly { key: string; value: string }[]): OwnOptions {
  const codec = given.findLast(({ key }) => key === "codec")?.value;
  return { codec: codec === "reflect" ? "reflect" : "generated" };
}
