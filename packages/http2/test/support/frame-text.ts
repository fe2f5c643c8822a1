import type { Fields } from "@millrace/exchange";
import { Flag, FrameType } from "../../src/frame/frame-type.ts";
import { codeName } from "../../src/goaway.ts";
import type { Decoder } from "../../src/hpack/decoder.ts";
import { Setting } from "../../src/settings.ts";
import { concat, decode } from "../hpack/support.ts";
import type { Frame } from "./frames.ts";

const settingNames = new Map<number, string>(Object.entries(Setting).map(([name, id]) => [id, name]));
const typeNames = new Map<number, string>(Object.entries(FrameType).map(([name, type]) => [type, name]));

/** Says frames in a line each: type, stream, flags, content. */
export class FrameText {
  readonly #decoder: Decoder;
  #block: Uint8Array = new Uint8Array(0);

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  of({ type, flags, stream, payload }: Frame): string {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const words = [typeNames.get(type) ?? `0x${type.toString(16)}`];
    const ack = (flags & Flag.ACK) !== 0;
    switch (type) {
      case FrameType.DATA:
        words.push(String(stream), ...endStream(flags), bytesText(payload));
        break;
      case FrameType.HEADERS:
        words.push(String(stream), ...endStream(flags), ...this.#blockText(flags, payload));
        break;
      case FrameType.CONTINUATION:
        words.push(String(stream), ...this.#blockText(flags, payload));
        break;
      case FrameType.RST_STREAM:
        words.push(String(stream), codeName(view.getUint32(0)));
        break;
      case FrameType.SETTINGS:
        if (ack) words.push("ACK");
        for (let at = 0; at < payload.length; at += 6)
          words.push(`${settingNames.get(view.getUint16(at))}=${view.getUint32(at + 2)}`);
        break;
      case FrameType.PING:
        words.push(...(ack ? ["ACK"] : []), bytesText(payload));
        break;
      case FrameType.GOAWAY:
        words.push(String(view.getUint32(0)), codeName(view.getUint32(4)));
        break;
      case FrameType.WINDOW_UPDATE:
        words.push(String(stream), String(view.getUint32(0)));
        break;
      default:
        words.push(String(stream), bytesText(payload));
    }
    return words.join(" ").trimEnd();
  }

  #blockText(flags: number, fragment: Uint8Array): string[] {
    this.#block = concat(this.#block, fragment);
    if ((flags & Flag.END_HEADERS) === 0) return ["..."];
    const { outcome, fields } = decode(this.#decoder, this.#block);
    this.#block = new Uint8Array(0);
    if (outcome !== "fields") throw new Error(`the engine's own header block: ${outcome}`);
    return [fieldsText(fields)];
  }
}

export function fieldsText(fields: Fields): string {
  const pairs: string[] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push(`${fields[i]}=${fields[i + 1]}`);
  return pairs.join(" ");
}

/** Short texts as they are; the length of others. */
export function bytesText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  return /^[ -~]{0,40}$/.test(text) ? text : `(${bytes.length} bytes)`;
}

function endStream(flags: number): string[] {
  return (flags & Flag.END_STREAM) === 0 ? [] : ["END_STREAM"];
}
