import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A port in front of another, on 127.0.0.1, that counts the bytes which pass. */
export class Relay implements Disposable {
  /** Bytes from clients to the server. */
  up = 0;
  /** Bytes from the server to clients. */
  down = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, "127.0.0.1");
      this.#join(client, server, (bytes) => (this.up += bytes));
      this.#join(server, client, (bytes) => (this.down += bytes));
    });
  }

  static async open(target: number): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #join(from: Socket, to: Socket, count: (bytes: number) => void): void {
    this.#sockets.add(from);
    from.on("data", (bytes) => count(bytes.length)).pipe(to);
    // A socket that breaks closes, too, and takes the other along.
    from.on("error", () => {}).on("close", () => to.destroySoon());
  }

  /** Takes no more connections, and cuts those that stand. */
  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
