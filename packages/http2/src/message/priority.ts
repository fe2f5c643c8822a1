/** RFC 9218 section 4: how urgent a response is, and whether parts of it are of use. */
export interface Priority {
  /** 0, the most urgent, to 7. 3 without a word of it. */
  readonly urgency: number;
  readonly incremental: boolean;
}

/** A longer value says nothing: the two that are known have seven octets. */
export const mostPriorityOctets: number = 256;

const member = /^[ \t]*([a-z*][a-z0-9_.*-]*)(?:=([^,;]*))?(?:;[^,]*)?[ \t]*$/;

/**
 * Reads a Priority field's value: a dictionary (RFC 9651 section 3.2) of which `u` and `i` are known. What is unknown, or of
 * another type, is ignored; what is no dictionary, or longer than it may be, says nothing.
 */
export function readPriority(text: string): Priority | undefined {
  if (text.length > mostPriorityOctets) return undefined;
  let urgency = 3;
  let incremental = false;
  // A dictionary may be empty.
  for (const part of text.trim() === "" ? [] : text.split(",")) {
    const match = member.exec(part);
    if (match === null) return undefined;
    const key = match[1];
    const value = match[2]?.trimEnd();
    if (key === "u" && value !== undefined && /^[0-7]$/.test(value)) urgency = Number(value);
    else if (key === "i" && (value === undefined || value === "?1")) incremental = true;
    else if (key === "i" && value === "?0") incremental = false;
  }
  return { urgency, incremental };
}
