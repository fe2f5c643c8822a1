import { frame, preface } from "../../support/frames.ts";
import type { Shape } from "../target.ts";

const headBytes = 9;

/** An HTTP/2 connection: the preface, and frames whose length is put right when they are joined. */
export const http2Frames: Shape = {
  cut(input) {
    const bytes = Buffer.from(input);
    const start = bytes.subarray(0, preface.length).equals(preface) ? preface.length : 0;
    const parts: Uint8Array[] = start === 0 ? [] : [preface];
    for (let at = start; at < bytes.length;) {
      const whole = at + headBytes <= bytes.length;
      const end = whole ? at + headBytes + bytes.readUIntBE(at, 3) : bytes.length;
      parts.push(bytes.subarray(at, end));
      at = end;
    }
    return parts;
  },
  join: (parts) =>
    Buffer.concat(
      parts.map((part) => {
        const bytes = Buffer.from(part);
        if (bytes.length < headBytes || bytes.equals(preface)) return bytes;
        return frame(bytes[3]!, bytes[4]!, bytes.readUInt32BE(5), bytes.subarray(headBytes));
      }),
    ),
};
