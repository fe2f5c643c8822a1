/** Something that the user can put right: its message is the one line that they see. */
export class PluginError extends Error {
  override readonly name = "PluginError";
}

/** Longest part of a value from outside that a message quotes, in UTF-16 units. */
const quotedLength = 100;

/** A value from outside, quoted for a message: on one line, and not endless. */
export function quote(value: string): string {
  const shown = value.length > quotedLength ? `${value.slice(0, quotedLength)}…` : value;
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029]/g, "\ufffd");
}

/** A thrown value as one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[\s\u2028\u2029]+/g, " ").trim();
}
