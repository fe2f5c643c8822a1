import { ErrorCode } from "@millrace/exchange";

const names = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** An RFC 9113 section 7 error code, for people. */
export function errorCodeName(code: number): string {
  return names.get(code) ?? `error code ${code}`;
}
