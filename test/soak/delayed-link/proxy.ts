// A link that takes its time: bytes go both ways, each so long after it came, in their order, and as many as come.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { answer } from "../../support/program-answers.ts";
import { delay } from "./delay.ts";

/** Where a link to a port of this machine begins. */
async function link({ port, delayMs }: { port: number; delayMs: number }): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    for (const socket of [near, far]) socket.on("error", () => {});
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
    delay(near, far, delayMs);
    delay(far, near, delayMs);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

answer({ link });
