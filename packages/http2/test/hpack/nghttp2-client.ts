import { connect } from "node:http2";
import type { ClientHttp2Session, Settings } from "node:http2";
import { Duplex } from "node:stream";
import {
  ACK,
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  frame,
  FrameReader,
  HEADERS,
  preface,
  SETTINGS,
  settings,
} from "../../../../test/support/frames.ts";
import type { Frame } from "../../../../test/support/frames.ts";

/** RFC 9113 section 6.5.2: SETTINGS_HEADER_TABLE_SIZE. */
const headerTableSize = 1;
const frameOctets = 16_384;

/**
 * A client of node:http2, and so nghttp2's HPACK in both directions, with the test as its server: no socket, and nothing
 * of HTTP/2 but the frames that carry header blocks and settings.
 */
export class Nghttp2Client implements Disposable {
  readonly session: ClientHttp2Session;
  readonly #wire: Duplex;

  /** Each frame that the client sends goes to `onFrame`, a HEADERS frame with the block that it and its like carry. */
  constructor(settings: Settings, onFrame: (frame: Frame) => void) {
    const reader = new FrameReader();
    let left = preface.length;
    this.#wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        const behindPreface = chunk.subarray(left);
        left = Math.max(left - chunk.length, 0);
        for (const frame of reader.read(behindPreface)) onFrame(frame);
        done();
      },
    });
    const createConnection = (): Duplex => this.#wire;
    // Its encoder may have the table that our settings allow.
    this.session = connect("http://peer", { createConnection, settings, maxDeflateDynamicTableSize: 65_536 });
  }

  sendSettings(tableSize: number): void {
    this.#wire.push(settings(headerTableSize, tableSize));
  }

  acknowledgeSettings(): void {
    this.#wire.push(frame(SETTINGS, ACK, 0));
  }

  /** The head or the trailers of a response. */
  sendBlock(stream: number, block: Uint8Array, endStream: boolean): void {
    for (let at = 0; at < block.length; at += frameOctets) {
      const isLast = at + frameOctets >= block.length;
      const flags = (isLast ? END_HEADERS : 0) | (at === 0 && endStream ? END_STREAM : 0);
      this.#wire.push(
        frame(at === 0 ? HEADERS : CONTINUATION, flags, stream, block.subarray(at, at + frameOctets)),
      );
    }
  }

  [Symbol.dispose](): void {
    this.session.destroy();
    this.#wire.destroy();
  }
}

/** The SETTINGS_HEADER_TABLE_SIZE in a SETTINGS frame. */
export function tableSizeOf({ payload }: Frame): number | undefined {
  for (let at = 0; at < payload.length; at += 6)
    if (payload.readUInt16BE(at) === headerTableSize) return payload.readUInt32BE(at + 2);
  return undefined;
}
