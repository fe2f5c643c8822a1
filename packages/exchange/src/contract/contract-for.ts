import { backPressureRules } from "./cases/back-pressure.ts";
import { bodyRules } from "./cases/bodies.ts";
import { closingRules } from "./cases/closing.ts";
import { endingRules } from "./cases/endings.ts";
import { faultRules } from "./cases/faults.ts";
import { headRules } from "./cases/heads.ts";
import { pausingRules } from "./cases/pausing.ts";
import { reentrancyRules } from "./cases/reentrancy.ts";
import type { ContractCase } from "./contract-case.ts";
import { type Declaration, unmet } from "./declaration.ts";
import { Stage } from "./stage.ts";

/** What a carriage must pass, and what it need not. */
export interface Contract {
  readonly cases: readonly ContractCase[];
  /** The others, each with the declared lack that excuses it. */
  readonly leftOut: readonly { readonly name: string; readonly because: string }[];
}

/** The contract of a carriage that can do what is declared. */
export function contractFor(declared: Declaration): Contract {
  const cases: ContractCase[] = [];
  const leftOut: { name: string; because: string }[] = [];
  for (const { name, needs, play } of allRules) {
    const because = unmet(needs, declared);
    if (because !== null) leftOut.push({ name, because });
    else cases.push({ name, run: (make, signal) => Stage.play(make, declared, signal, play) });
  }
  return { cases, leftOut };
}

const allRules = [
  ...headRules,
  ...bodyRules,
  ...endingRules,
  ...pausingRules,
  ...backPressureRules,
  ...faultRules,
  ...closingRules,
  ...reentrancyRules,
];
