/** A value as a message about it names it: a string is told from the number that it looks like. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
