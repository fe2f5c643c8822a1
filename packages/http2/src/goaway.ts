import { ErrorCode } from "@millrace/exchange";

/** What a peer said last (RFC 9113 section 6.8). */
export interface Goaway {
  readonly lastStream: number;
  readonly code: number;
  readonly debug: Uint8Array;
}

/** A GOAWAY in a line of text. */
export function goawayText({ code, debug }: Goaway): string {
  let said = "";
  for (const octet of debug.subarray(0, 200))
    said += octet < 0x20 || octet > 0x7e ? "?" : String.fromCharCode(octet);
  return `GOAWAY ${codeName(code)}${said === "" ? "" : ` (${said})`}`;
}

const names = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** RFC 9113 section 7: the name of an error code, or its number. */
export function codeName(code: number): string {
  return names.get(code) ?? `0x${code.toString(16)}`;
}
