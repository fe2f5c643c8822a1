import type { Fields } from "@millrace/exchange";

/** Fields of metadata that a body may bring, where no carriage has counted them: as many as a client takes in a head. */
export const mostFields = 2048;

/** A field's size as HTTP/2 counts it (RFC 9113 section 6.5.2). */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + 32;
}

/** The same of a list of fields. */
export function listSize(fields: Fields): number {
  let size = 0;
  for (let i = 0; i < fields.length; i += 2) size += fieldSize(fields[i]!, fields[i + 1]!);
  return size;
}

/** A weight that says "not this one" (RFC 9110 section 12.4.2). */
const refused = /;[ \t]*q=0(\.0*)?[ \t]*$/i;

/**
 * How much of a list field is looked at: members, empty ones included, and characters. Where HPACK has a value in its table,
 * a byte stands for thousands of them.
 */
const mostMembers = 32;
const mostListLength = 1024;

/**
 * A comma-separated list field: its members in order (RFC 9110 section 5.6.1), as far as the bounds above go; the rest is
 * passed over. Weights are too, but for a weight of 0: such a member is left out.
 */
export function listField(fields: Fields, name: string): string[] {
  const members: string[] = [];
  let count = mostMembers;
  let length = mostListLength;
  for (let i = 0; i < fields.length && count > 0 && length > 0; i += 2) {
    if (fields[i] !== name) continue;
    const value = fields[i + 1]!;
    // Between members: what is cut in the middle may look like another one.
    const end = value.length <= length ? value.length : Math.max(value.lastIndexOf(",", length), 0);
    const parts = value.slice(0, end).split(",", count);
    count -= parts.length;
    length -= value.length;
    for (const part of parts) {
      const member = part.split(";", 1)[0]!.trim().toLowerCase();
      if (member !== "" && !refused.test(part)) members.push(member);
    }
  }
  return members;
}

/** The media type of a content-type value: lower case, without parameters. */
export function mediaType(contentType: string | undefined): string {
  return contentType === undefined ? "" : contentType.split(";", 1)[0]!.trim().toLowerCase();
}
