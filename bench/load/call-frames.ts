import { blockBound, Encoder } from "../../packages/http2/src/hpack/encoder.ts";
import { data, END_HEADERS, frame, HEADERS } from "../../test/support/frames.ts";
import { path, request } from "../h2/call.ts";

/**
 * - `same`: every call has the same fields.
 * - `literal`: each has a timeout and a trace of its own, as literals without indexing.
 * - `indexed`: the same, and each goes into the table, out of which it pushes the rest (grpc-go's encoder does that).
 */
export type Heads = "same" | "literal" | "indexed";

/** One call's frames, on stream 0. */
export interface CallFrames {
  readonly bytes: Buffer;
  /** Where DATA begins; the bytes' length if there is none. */
  readonly dataAt: number;
}

/** The table is emptied, and has its first size again (RFC 7541 section 6.3): so that blocks can be sent again from the first. */
const emptyTable = [0x20, 0x3f, 0xe1, 0x1f];

const fixed = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  [":authority", "bench.internal:8080"],
  ["content-type", "application/grpc"],
  ["user-agent", "bench/1.0"],
  ["te", "trailers"],
].flat();

const changing = ["grpc-timeout", "traceparent"];
const hex = (digit: number, length: number): string => (digit >>> 0).toString(16).padStart(length, "0");

function fieldsOf(turn: number): string[] {
  const trace = `00-${hex(turn * 0x9e3779b1, 16)}${hex(turn * 0x85ebca6b, 16)}-${hex(turn * 0xc2b2ae35, 16)}-01`;
  return ["grpc-timeout", `${4_000_000 + turn * 7}u`, "traceparent", trace];
}

/**
 * The frames of so many calls of one connection, one after the other; behind the last may come the first again. Those from
 * `unended` on have no body, and no end.
 */
export function callFrames(heads: Heads, count: number, unended: number = count): CallFrames[] {
  const encoder = new Encoder({ never: [], perRequest: heads === "literal" ? changing : [] });
  const made: CallFrames[] = [];
  for (let turn = 0; turn < count; turn++) {
    const fields = heads === "same" ? fixed : [...fixed, ...fieldsOf(turn)];
    const block = new Uint8Array(blockBound(fields));
    const end = encoder.write(fields, block, encoder.begin(block, 0));
    const whole = Buffer.concat([new Uint8Array(turn === 0 ? emptyTable : []), block.subarray(0, end)]);
    const head = frame(HEADERS, END_HEADERS, 0, whole);
    const bytes = turn < unended ? Buffer.concat([head, data(0, true, request)]) : head;
    made.push({ bytes, dataAt: head.length });
  }
  return made;
}
