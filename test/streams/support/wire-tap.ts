import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const frameHead = 9;
const rstStream = 3;

/**
 * The way to a server, with an ear on what clients take back: streams that they reset, connections that they close or reset.
 * `passedOn` is called when the server's socket has been given it: a RST_STREAM, a FIN or a RST.
 */
export class WireTap {
  readonly #server: Server;
  /** How often a client reset a stream (RFC 9113 section 6.4), with which code. */
  readonly resets: number[] = [];
  /** How many connections clients have closed, before the server did. */
  hangups = 0;

  private constructor(port: number, passedOn: () => void) {
    this.#server = createServer((inner) => {
      const outer = connect(port, "127.0.0.1");
      const frames = new FrameReader((type, payload) => {
        if (type !== rstStream) return;
        this.resets.push(payload.readUInt32BE());
        passedOn();
      });
      inner.setNoDelay(true);
      outer.setNoDelay(true);
      inner.pipe(outer);
      // Behind the pipe's own: the bytes are with the server's socket.
      inner.on("data", (bytes) => frames.read(bytes));
      outer.pipe(inner);
      /** Who has ended the connection. */
      let ended: "client" | "server" | undefined;
      const left = (): void => {
        if (ended === undefined) this.hangups++;
        ended ??= "client";
      };
      outer.on("finish", () => {
        if (ended !== "server") passedOn();
      });
      inner.on("error", () => {
        left();
        // Node never closes a socket that is reset behind its own FIN, and its process spins at its end.
        if (outer.writableEnded) outer.destroy();
        else outer.resetAndDestroy();
        if (ended === "client") passedOn();
      });
      inner.on("close", () => {
        left();
        outer.destroy();
      });
      const over = (): void => void (ended ??= "server");
      outer.on("end", over);
      outer.on("error", () => {});
      outer.on("close", () => {
        over();
        inner.destroy();
      });
    });
  }

  static async to(port: number, passedOn: () => void = () => {}): Promise<WireTap> {
    const tap = new WireTap(port, passedOn);
    tap.#server.listen(0, "127.0.0.1");
    await once(tap.#server, "listening");
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}

/** Cuts what a client sends over HTTP/2 into frames; other bytes are none. */
class FrameReader {
  readonly #heard: (type: number, payload: Buffer) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #state: "unknown" | "http2" | "other" = "unknown";

  constructor(heard: (type: number, payload: Buffer) => void) {
    this.#heard = heard;
  }

  read(bytes: Buffer): void {
    if (this.#state === "other") return;
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (this.#state === "unknown") this.#tell();
    while (this.#state === "http2" && this.#bytes.length >= frameHead) {
      const length = this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < frameHead + length) return;
      this.#heard(this.#bytes[3]!, this.#bytes.subarray(frameHead, frameHead + length));
      this.#bytes = this.#bytes.subarray(frameHead + length);
    }
  }

  #tell(): void {
    const text = this.#bytes.toString("latin1", 0, preface.length);
    if (!preface.startsWith(text)) this.#state = "other";
    else if (text.length === preface.length) {
      this.#state = "http2";
      this.#bytes = this.#bytes.subarray(preface.length);
    }
  }
}
