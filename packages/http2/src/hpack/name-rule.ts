import { checkIndexing, type IndexingPolicy } from "./indexing-policy.ts";
import { staticTable } from "./static-table.ts";
import { writeString } from "./string-literal.ts";

export type Indexing = "always" | "per-request" | "never";

/** What an encoder knows of a name that the static table or its policy has. */
export interface NameRule {
  readonly indexing: Indexing;
  /** The static entries of this name, by value, the first one first; below 0, as EncoderTable has positions. */
  readonly staticPositions: ReadonlyMap<string, number>;
  /** The name as a string literal. */
  readonly literal: Uint8Array;
}

const made = new WeakMap<IndexingPolicy, ReadonlyMap<string, NameRule>>();

/** By name. Throws TypeError if the policy is none. */
export function nameRules(policy: IndexingPolicy): ReadonlyMap<string, NameRule> {
  let rules = made.get(policy);
  if (rules === undefined) {
    checkIndexing(policy);
    const names = [...staticTable.map((entry) => entry?.name ?? ""), ...policy.perRequest, ...policy.never];
    rules = new Map(names.map((name) => [name, nameRule(name, policy)]));
    made.set(policy, rules);
  }
  return rules;
}

function nameRule(name: string, { never, perRequest }: IndexingPolicy): NameRule {
  const staticPositions = new Map<string, number>();
  staticTable.forEach((entry, index) => {
    if (entry?.name === name) staticPositions.set(entry.value, -index);
  });
  const space = new Uint8Array(name.length + 8);
  return {
    indexing: never.includes(name) ? "never" : perRequest.includes(name) ? "per-request" : "always",
    staticPositions,
    literal: space.slice(0, writeString(name, space, 0)),
  };
}
