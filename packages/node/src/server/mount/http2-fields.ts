import type { OutgoingHttpHeaders } from "node:http2";

import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";

/** Since 24.7 node takes a response's head as a list, which keeps the order of duplicates. */
const TAKES_LISTS: boolean = (() => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 7);
})();

/** RFC 9113 section 6.5.2: the size of a list of fields. */
export function listSize(fields: Fields): number {
  let size = fields.length * 16;
  for (const text of fields) size += text.length;
  return size;
}

/**
 * node:http2 ends the whole connection over a list of fields that it cannot send, which is one above 64 KiB: less what it
 * adds itself.
 */
const mostListSize = 64 * 1024 - 256;

/** Throws RangeError for what must not come before node:http2. */
export function checkListSize(fields: Fields): void {
  const size = listSize(fields);
  if (size <= mostListSize) return;
  throw new RangeError(
    `they are ${size} bytes, and at most ${mostListSize} can be sent: send such data in messages`,
  );
}

/** A response's head in the best form that this node takes. */
export function responseHead(status: number, fields: Fields): OutgoingHttpHeaders | readonly string[] {
  return TAKES_LISTS ? [":status", String(status), ...fields] : { ...byName(fields), ":status": status };
}

/** node's other form: a list for a name that comes more than once. */
export function byName(fields: Fields): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    const before = object[name];
    if (before === undefined) object[name] = value;
    else if (typeof before === "string") object[name] = [before, value];
    else before.push(value);
  }
  return object;
}

/** Our fields, and of the others' those whose names we do not have. */
export function withInherited(fields: Fields, inherited: Fields): Fields {
  if (inherited.length === 0) return fields;
  const all = fields.slice();
  for (let i = 0; i + 1 < inherited.length; i += 2) {
    const name = inherited[i] as string;
    if (firstField(fields, name) === undefined) all.push(name, inherited[i + 1] as string);
  }
  return all;
}
