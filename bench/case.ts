/** How long things are measured. */
export interface Plan {
  /** Of one measurement. */
  readonly seconds: number;
  /** Measurements of each contender, by turns with the others'; if there are several, behind one that warms up. */
  readonly rounds: number;
  /** At once, at most, where it is measured how they grow in number: what the open files of a process allow. */
  readonly connections: number;
  /** Ours first, then the peers that were asked for. */
  readonly contenders: readonly string[];
}

/** What is wanted of a line. */
export type Target =
  /** So many times the first peer's figure, or more. */
  | { readonly ratio: number }
  /** So much, or less. */
  | { readonly most: number };

/** One line of a table: the same work, done by each contender. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  readonly target?: Target | undefined;
  /** By contender; one of each round. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** Something to be measured side by side. */
export interface Case {
  readonly name: string;
  /** Cases of one group can be asked for by its name. */
  readonly group: string;
  readonly title: string;
  /** Who can do the same beside us; the first is what targets are held against. */
  readonly peers: readonly string[];
  /** Gives its lines as they are done. */
  run(plan: Plan): AsyncGenerator<Line>;
}

/** Our name among the contenders. */
export const ours = "millrace";
