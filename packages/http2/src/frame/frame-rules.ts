import { ErrorCode } from "@millrace/exchange";
import type { Violation } from "../violation.ts";
import { Flag, FrameType } from "./frame-type.ts";

/** What RFC 9113 section 6 says of a type's frames, whatever their content. */
interface FrameRule {
  readonly name: string;
  /** They belong to a stream, to the connection, or to either. */
  readonly on: "stream" | "connection" | "either";
  readonly least?: number;
  readonly most?: number;
}

const rules: readonly (FrameRule | undefined)[] = [];
rule(FrameType.DATA, { name: "DATA", on: "stream" });
rule(FrameType.HEADERS, { name: "HEADERS", on: "stream" });
rule(FrameType.PRIORITY, { name: "PRIORITY", on: "stream" });
rule(FrameType.RST_STREAM, { name: "RST_STREAM", on: "stream", least: 4, most: 4 });
rule(FrameType.SETTINGS, { name: "SETTINGS", on: "connection" });
rule(FrameType.PUSH_PROMISE, { name: "PUSH_PROMISE", on: "stream" });
rule(FrameType.PING, { name: "PING", on: "connection", least: 8, most: 8 });
rule(FrameType.GOAWAY, { name: "GOAWAY", on: "connection", least: 8 });
rule(FrameType.WINDOW_UPDATE, { name: "WINDOW_UPDATE", on: "either", least: 4, most: 4 });
rule(FrameType.CONTINUATION, { name: "CONTINUATION", on: "stream" });
rule(FrameType.PRIORITY_UPDATE, { name: "PRIORITY_UPDATE", on: "connection", least: 4 });

function rule(type: number, of: FrameRule): void {
  (rules as (FrameRule | undefined)[])[type] = of;
}

/** Looks at a frame's header. Null: nothing is wrong with it, or its type is unknown. */
export function frameFault(type: number, flags: number, stream: number, length: number): Violation | null {
  const known = rules[type];
  if (known === undefined) return null;
  const { name, on, least = 0, most = Infinity } = known;
  if (on !== "either" && (on === "connection") !== (stream === 0))
    return { code: ErrorCode.PROTOCOL_ERROR, text: `${name} came on stream ${stream}` };
  if (length < least || length > most)
    return { code: ErrorCode.FRAME_SIZE_ERROR, text: `${name} has ${length} bytes` };
  if (type === FrameType.SETTINGS && ((flags & Flag.ACK) !== 0 ? length > 0 : length % 6 !== 0))
    return { code: ErrorCode.FRAME_SIZE_ERROR, text: `${name} has ${length} bytes` };
  return null;
}
