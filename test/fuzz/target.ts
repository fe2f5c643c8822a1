/** What is fuzzed: something that reads bytes of a peer, and the rules that must hold whatever they are. */
export interface Target {
  /** Words of its language, for mutations to put in. */
  readonly words: readonly string[];
  /** Where the input has parts that only make sense whole: frames with their lengths, say. */
  readonly shape?: Shape | undefined;
  /**
   * Reads one input, and throws if a rule is broken. Gives what came of it in a few words: an input with an outcome that
   * was not seen before is kept, and mutated further.
   */
  run(input: Uint8Array): string | Promise<string>;
  /** Lets go of what it holds. Throws if a rule is broken. */
  close?(): Promise<void>;
}

/** How an input is taken apart, and put together again so that its lengths are right. */
export interface Shape {
  cut(input: Uint8Array): Uint8Array[];
  join(parts: readonly Uint8Array[]): Uint8Array;
}
