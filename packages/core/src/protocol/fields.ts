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
 * A comma-separated list field: its members in order (RFC 9110 section 5.6.1). Weights are passed over, but for a weight of
 * 0: such a member is left out.
 */
export function listField(fields: Fields, name: string): string[] {
  const members: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue;
    for (const part of fields[i + 1]!.split(",")) {
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
