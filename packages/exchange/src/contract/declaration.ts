import type { Caps } from "../caps.ts";

/** What a pair may be unable to do beside what Caps says. `inform`: interim responses travel. */
export type Feature = "cut" | "goaway" | "nowhere" | "inform";

/** What a carriage says of itself. Cases are left out for what is declared here, and for nothing else. */
export interface Declaration {
  /** What both ends together can do. A case holds it against what they say of themselves. */
  readonly caps: Caps;
  /** What the pair cannot do; nothing if absent. */
  readonly lacks?: readonly Feature[];
}

/** What a case needs of the carriage. */
export interface Needs {
  readonly trailers?: true;
  /** `half`: a streamed request; `full`: both directions at once. */
  readonly request?: "half" | "full";
  readonly resets?: boolean;
  readonly duplicates?: boolean;
  readonly features?: readonly Feature[];
  /** The order of different names is kept; fetch sorts them. */
  readonly order?: true;
}

/** What of a declaration does not meet these needs; null if all does. */
export function unmet(needs: Needs, { caps, lacks = [] }: Declaration): string | null {
  if (needs.trailers === true && !caps.trailers) return "trailers: false";
  if (needs.request === "full" && caps.request !== "full") return `request: ${caps.request}`;
  if (needs.request === "half" && caps.request === "whole") return "request: whole";
  if (needs.resets !== undefined && needs.resets !== caps.resets) return `resets: ${caps.resets}`;
  if (needs.duplicates !== undefined && needs.duplicates !== caps.duplicates)
    return `duplicates: ${caps.duplicates}`;
  if (needs.order === true && caps.http === "fetch") return "http: fetch";
  const lacked = needs.features?.find((feature) => lacks.includes(feature));
  return lacked === undefined ? null : `lacks: ${lacked}`;
}
