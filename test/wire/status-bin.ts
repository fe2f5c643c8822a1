import { utf8 } from "../support/bytes.ts";

/** A `google.rpc.Status` in unpadded base64. Everything in it is short; `prefix` is what type URLs begin with. */
export function statusBin(
  code: number,
  message: string,
  details: readonly { readonly type: string; readonly value: Uint8Array }[],
  prefix = "type.googleapis.com/",
): string {
  const field = (tag: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const any = ({ type, value }: (typeof details)[number]): Buffer =>
    field(
      0x1a,
      Buffer.concat([field(0x0a, utf8(prefix + type)), value.length === 0 ? value : field(0x12, value)]),
    );
  const status = Buffer.concat([Buffer.from([0x08, code]), field(0x12, utf8(message)), ...details.map(any)]);
  return status.toString("base64").replace(/=+$/, "");
}
