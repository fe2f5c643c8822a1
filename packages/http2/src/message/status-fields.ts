import type { Fields } from "@millrace/exchange";

const known = new Map<number, Fields>();

/** The pseudo-header field of a response. The same list for the same status, which an encoder knows again. */
export function statusFields(status: number): Fields {
  let fields = known.get(status);
  if (fields === undefined) known.set(status, (fields = [":status", String(status)]));
  return fields;
}
