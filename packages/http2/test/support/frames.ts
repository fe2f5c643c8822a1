import { ErrorCode, type Fields } from "@millrace/exchange";
import { Flag, FrameType } from "../../src/frame/frame-type.ts";
import { Setting } from "../../src/settings.ts";
import { concat, literal, octets } from "../hpack/support.ts";

/** RFC 9113 section 3.4. */
export const preface: Uint8Array = octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** One frame, as RFC 9113 section 4.1 lays it out. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

export type FlagName = keyof typeof Flag;
export type CodeName = keyof typeof ErrorCode;
export type Settings = { readonly [Name in keyof typeof Setting]?: number };
type Bytes = string | Uint8Array;

/** A frame of any type, with any flags. */
export function frame(type: number, flags: number, stream: number, payload: Bytes = ""): Frame {
  return { type, flags, stream, payload: typeof payload === "string" ? octets(payload) : payload };
}

function flagged(type: number, flags: readonly FlagName[], stream: number, payload: Bytes): Frame {
  let bits = 0;
  for (const name of flags) bits |= Flag[name];
  return frame(type, bits, stream, payload);
}

export function data(stream: number, bytes: Bytes, ...flags: FlagName[]): Frame {
  return flagged(FrameType.DATA, flags, stream, bytes);
}

/** A whole header block of literals, which leave the table as it is. */
export function headers(stream: number, fields: Fields, ...flags: FlagName[]): Frame {
  return flagged(FrameType.HEADERS, ["END_HEADERS", ...flags], stream, blockOf(fields));
}

/** The beginning of a header block. */
export function headersPart(stream: number, fragment: Bytes, ...flags: FlagName[]): Frame {
  return flagged(FrameType.HEADERS, flags, stream, fragment);
}

export function continuation(stream: number, fragment: Bytes, ...flags: FlagName[]): Frame {
  return flagged(FrameType.CONTINUATION, flags, stream, fragment);
}

export function priority(stream: number, dependsOn: number): Frame {
  return frame(FrameType.PRIORITY, 0, stream, concat(uint32(dependsOn), Uint8Array.of(15)));
}

export function rstStream(stream: number, code: CodeName): Frame {
  return frame(FrameType.RST_STREAM, 0, stream, uint32(ErrorCode[code]));
}

export function settings(values: Settings = {}): Frame {
  const pairs = Object.entries(values).map(([name, value]) =>
    setting(Setting[name as keyof Settings], value),
  );
  return frame(FrameType.SETTINGS, 0, 0, concat(...pairs));
}

/** One setting, known or not. */
export function setting(identifier: number, value: number): Uint8Array {
  return concat(Uint8Array.of(identifier >>> 8, identifier), uint32(value));
}

export const settingsAck: Frame = frame(FrameType.SETTINGS, Flag.ACK, 0);

export function pushPromise(stream: number, promised: number): Frame {
  return flagged(FrameType.PUSH_PROMISE, ["END_HEADERS"], stream, uint32(promised));
}

/** `opaque`: eight characters. */
export function ping(opaque: string): Frame {
  return frame(FrameType.PING, 0, 0, opaque);
}

export function pingAck(opaque: Bytes): Frame {
  return frame(FrameType.PING, Flag.ACK, 0, opaque);
}

export function goaway(lastStream: number, code: CodeName, debug = ""): Frame {
  return frame(FrameType.GOAWAY, 0, 0, concat(uint32(lastStream), uint32(ErrorCode[code]), octets(debug)));
}

export function windowUpdate(stream: number, increment: number): Frame {
  return frame(FrameType.WINDOW_UPDATE, 0, stream, uint32(increment));
}

/** RFC 9218 section 7.1. */
export function priorityUpdate(stream: number, value: string): Frame {
  return frame(FrameType.PRIORITY_UPDATE, 0, 0, concat(uint32(stream), octets(value)));
}

/** The same frame with so much padding (sections 6.1 and 6.2). */
export function padded({ type, flags, stream, payload }: Frame, padding: number): Frame {
  const longer = concat(Uint8Array.of(padding), payload, new Uint8Array(padding));
  return frame(type, flags | Flag.PADDED, stream, longer);
}

/** A header block of literals. */
export function blockOf(fields: Fields): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < fields.length; i += 2) parts.push(literal("notIndexed", fields[i]!, fields[i + 1]!));
  return concat(...parts);
}

export function bytesOf(...frames: readonly Frame[]): Uint8Array {
  return concat(
    ...frames.flatMap(({ type, flags, stream, payload }) => {
      const { length } = payload;
      const head = Uint8Array.of(length >>> 16, length >>> 8, length, type, flags);
      return [head, uint32(stream), payload];
    }),
  );
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Whole frames, one behind the other. */
export function parseFrames(bytes: Uint8Array): { readonly frames: Frame[]; readonly rest: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= 9) {
    const end = at + 9 + (view.getUint32(at) >>> 8);
    if (end > bytes.length) break;
    const [type, flags] = [view.getUint8(at + 3), view.getUint8(at + 4)];
    frames.push({ type, flags, stream: view.getUint32(at + 5), payload: bytes.slice(at + 9, end) });
    at = end;
  }
  return { frames, rest: bytes.slice(at) };
}
