import type { GeneratedFile } from "@bufbuild/protoplugin";

/** What the plugin framework can print. */
export type Printable = Parameters<GeneratedFile["array"]>[0][number];

/** A type with type arguments: `Init<GreetRequest>`. */
export function generic(type: Printable, ...parameters: readonly Printable[]): Printable {
  return [type, "<", parameters.flatMap((parameter, i) => (i === 0 ? [parameter] : [", ", parameter])), ">"];
}
