import assert from "node:assert/strict";
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  preface,
  RST_STREAM,
  WINDOW_UPDATE,
} from "../../support/frames.ts";
import { HpackReader } from "../../support/hpack.ts";
import { http2Frames } from "./http2-frames.ts";

const headBytes = 9;
/** SETTINGS_MAX_FRAME_SIZE of a peer that says nothing of it; the targets' peers may say more. */
const mostPayload = 2 ** 24 - 1;

/** What one side of a connection wrote is a sequence of frames that RFC 9113 allows. */
export function checkOutput(written: Uint8Array, said: Uint8Array): void {
  const hpack = new HpackReader();
  const ended = new Set<number>();
  const reset = new Set<number>();
  let block: Buffer[] | undefined;
  let blockStream = 0;
  let dataBytes = 0;
  for (const part of http2Frames.cut(written)) {
    if (part === preface) continue;
    const frame = Buffer.from(part);
    assert.ok(frame.length >= headBytes, "the output ends in the middle of a frame's header");
    const [type, flags, stream] = [frame[3]!, frame[4]!, frame.readUInt32BE(5)];
    const payload = frame.subarray(headBytes);
    assert.equal(payload.length, frame.readUIntBE(0, 3), "the output ends in the middle of a frame");
    assert.ok(payload.length <= mostPayload);
    if (block !== undefined)
      assert.deepEqual([type, stream], [CONTINUATION, blockStream], "a header block is interrupted");
    if (type === DATA || type === HEADERS) {
      assert.ok(stream > 0);
      assert.ok(!ended.has(stream), `frame ${type} behind the end of stream ${stream}`);
      assert.ok(!reset.has(stream), `frame ${type} behind RST_STREAM of stream ${stream}`);
      if ((flags & END_STREAM) !== 0) ended.add(stream);
    }
    if (type === DATA) dataBytes += payload.length;
    if (type === HEADERS) [block, blockStream] = [[payload], stream];
    else if (type === CONTINUATION) {
      assert.ok(block !== undefined, "CONTINUATION without HEADERS");
      block.push(payload);
    } else if (type === RST_STREAM) reset.add(stream);
    else if (type === WINDOW_UPDATE) assert.ok(payload.readUInt32BE(0) > 0, "WINDOW_UPDATE widens by 0");
    if (block !== undefined && (flags & END_HEADERS) !== 0) {
      assert.ok(hpack.read(Buffer.concat(block)).length > 0, "an empty header block");
      block = undefined;
    }
  }
  assert.equal(block, undefined, "a header block is not complete");
  assert.ok(dataBytes <= windowOf(said), `${dataBytes} bytes of DATA: the window has ${windowOf(said)}`);
}

/** What a peer that said this lets a connection send, at most. */
function windowOf(said: Uint8Array): number {
  let window = 65_535;
  for (const part of http2Frames.cut(said)) {
    const frame = Buffer.from(part);
    if (frame.length !== headBytes + 4 || frame[3] !== WINDOW_UPDATE) continue;
    if ((frame.readUInt32BE(5) & 0x7fff_ffff) === 0) window += frame.readUInt32BE(headBytes) & 0x7fff_ffff;
  }
  return window;
}
