import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A TCP proxy in front of a server: it counts connections, can cut them, and can let them go dead without a word. */
export class TcpRelay {
  /** Where new connections go. */
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  /** Those of which nothing arrives any more, not even their end. */
  readonly #dead = new WeakSet<Socket>();
  #accepted = 0;
  #whenLeft: (() => void)[] = [];

  private constructor(port: number) {
    this.target = port;
    this.#server = createServer((inner) => {
      this.#accepted++;
      this.#clients.add(inner);
      inner.on("close", () => {
        this.#clients.delete(inner);
        for (const resolve of this.#whenLeft.splice(0)) resolve();
      });
      const outer = connect(this.target, "127.0.0.1");
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(from);
        from.setNoDelay(true);
        from.pipe(to);
        from.on("error", () => this.#lost(from, to));
        from.on("close", () => {
          this.#sockets.delete(from);
          this.#lost(from, to);
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

  /** Of the connections that stand nothing arrives any more, either way. Nobody is told. */
  swallow(): void {
    for (const socket of this.#sockets) {
      this.#dead.add(socket);
      socket.unpipe();
      socket.resume();
    }
  }

  /** Resolves when a client's connection has ended. */
  async left(): Promise<void> {
    await new Promise<void>((resolve) => this.#whenLeft.push(resolve));
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    if (this.#server.listening) await once(this.#server, "close");
  }

  #lost(from: Socket, to: Socket): void {
    if (!this.#dead.has(from)) to.destroy();
  }
}
