/** So many are remembered, if they are no longer than this. */
const mostTexts = 1000;
const longest = 128;

/** Texts that match a pattern. A program says the same few again and again: those are looked at once. */
export class CheckedTexts {
  readonly #pattern: RegExp;
  readonly #well = new Set<string>();

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  allows(text: string): boolean {
    if (this.#well.has(text)) return true;
    if (!this.#pattern.test(text)) return false;
    if (text.length <= longest && this.#well.size < mostTexts) this.#well.add(text);
    return true;
  }
}
