import type { Fields } from "@millrace/exchange";

/** A comma-separated list field: its members in order, without weights (RFC 9110 section 5.6.1). */
export function listField(fields: Fields, name: string): string[] {
  const members: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue;
    for (const part of fields[i + 1]!.split(",")) {
      const member = part.split(";", 1)[0]!.trim().toLowerCase();
      if (member !== "") members.push(member);
    }
  }
  return members;
}

/** The media type of a content-type value: lower case, without parameters. */
export function mediaType(contentType: string | undefined): string {
  return contentType === undefined ? "" : contentType.split(";", 1)[0]!.trim().toLowerCase();
}
