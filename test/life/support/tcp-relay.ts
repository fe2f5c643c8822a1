import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A TCP proxy in front of a server: it counts connections, and can cut them. */
export class TcpRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  #accepted = 0;

  private constructor(port: number) {
    this.#server = createServer((inner) => {
      this.#accepted++;
      this.#clients.add(inner);
      inner.on("close", () => this.#clients.delete(inner));
      const outer = connect(port, "127.0.0.1");
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(from);
        from.setNoDelay(true);
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  /** `at`: the port to listen on; 0: one that is free. */
  static async to(port: number, at = 0): Promise<TcpRelay> {
    const relay = new TcpRelay(port);
    relay.#server.listen(at, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that clients have made so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Says something to every client in the server's stead. */
  inject(bytes: Uint8Array): void {
    for (const client of this.#clients) client.write(bytes);
  }

  /** Every connection is lost. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    if (this.#server.listening) await once(this.#server, "close");
  }
}
