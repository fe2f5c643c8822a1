// A server that reads no more than frames' headers and answers by bytes that were made before: faster than any client it serves.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import {
  ACK,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  preface,
  SETTINGS,
  settings,
  windowUpdate,
} from "../../test/support/frames.ts";
import { answer } from "../../test/support/program-answers.ts";
import { reply } from "../h2/call.ts";
import { FrameHeaders } from "./frame-headers.ts";

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const head = Buffer.concat([Buffer.from([0x88, 0x5f]), text("application/grpc")]);
const trailers = Buffer.concat([Buffer.from([0x40]), text("grpc-status"), text("0")]);

/** Which both insert, the first time, and the same by indices. */
const first = answerOf(head, trailers);
const others = answerOf(Buffer.from([0x88, 0xbf]), Buffer.from([0xbe]));

interface Canned {
  readonly bytes: Buffer;
  /** Where the ids of its streams stand. */
  readonly ids: readonly number[];
}

function answerOf(headBlock: Buffer, trailersBlock: Buffer): Canned {
  const frames = [
    frame(HEADERS, END_HEADERS, 0, headBlock),
    data(0, false, reply),
    frame(HEADERS, END_HEADERS | END_STREAM, 0, trailersBlock),
  ];
  let at = 5;
  const ids = frames.map(({ length }) => (at += length) - length);
  return { bytes: Buffer.concat(frames), ids };
}

const server = createServer({ noDelay: true }, (socket) => {
  let isFirst = true;
  let out: Buffer[] = [];
  let taken = 0;
  const headers = new FrameHeaders((type, flags, stream, length) => {
    if (type === SETTINGS && (flags & ACK) === 0) out.push(frame(SETTINGS, ACK, 0));
    taken += length;
    if (type > HEADERS || (flags & END_STREAM) === 0) return;
    const { bytes, ids } = isFirst ? first : others;
    isFirst = false;
    const copy = Buffer.from(bytes);
    for (const at of ids) copy.writeUInt32BE(stream, at);
    out.push(copy);
  });
  let before = preface.length;
  socket.write(Buffer.concat([settings(3, 1000, 4, 1_048_576), windowUpdate(0, 1 << 30)]));
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    const skipped = Math.min(before, chunk.length);
    before -= skipped;
    headers.read(chunk.subarray(skipped));
    if (taken > 1 << 28) {
      out.push(windowUpdate(0, taken));
      taken = 0;
    }
    if (out.length > 0) socket.write(Buffer.concat(out));
    out = [];
  });
});

answer({
  listen: async (): Promise<number> => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    return (server.address() as AddressInfo).port;
  },
});
