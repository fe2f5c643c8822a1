import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** How connections end when a fuse blows: in order, or by a reset. */
export type Blow = "end" | "reset";

/** The way from one client to a server. After a number of bytes it is gone, with every connection on it. */
export class Fuse {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #left = Infinity;
  #blow: Blow = "end";
  #state: "whole" | "blown" = "whole";

  private constructor(port: number) {
    this.#server = createServer((inner) => {
      const outer = connect(port, "127.0.0.1");
      this.#carry(inner, outer);
      this.#carry(outer, inner);
    });
  }

  static async to(port: number): Promise<Fuse> {
    const fuse = new Fuse(port);
    fuse.#server.listen(0, "127.0.0.1");
    await once(fuse.#server, "listening");
    return fuse;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get blown(): boolean {
    return this.#state === "blown";
  }

  /** From now on `bytes` more pass, both ways together. */
  arm(bytes: number, blow: Blow): void {
    this.#left = bytes;
    this.#blow = blow;
  }

  /** Nothing passes any more. */
  async close(): Promise<void> {
    this.#end();
    if (this.#server.listening) await once(this.#server, "close");
    for (const socket of this.#sockets) if (!socket.closed) await once(socket, "close");
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      const passing = chunk.subarray(0, this.#left);
      this.#left -= passing.length;
      if (!to.write(passing)) from.pause();
      if (this.#left === 0) {
        this.#state = "blown";
        this.#end();
      }
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  #end(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      // What is being shut down takes no reset (uv_tcp_close_reset).
      const resets = this.#blow === "reset" && !socket.writableEnded;
      if (this.#state === "blown" && resets) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}
