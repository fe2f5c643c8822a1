// Closes a server whose client breaks the rules meanwhile, and leaves: nothing but close() keeps the process alive then.
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { listen } from "../src/node.ts";
import { concat } from "./hpack/support.ts";
import { bytesOf, data, headers, preface, settings } from "./support/frames.ts";
import { RecordedSink } from "./support/recorded-sink.ts";
import { post } from "./support/server-script.ts";

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../../node/test/tls/${name}.pem`, import.meta.url));
const server = await listen({
  host: "127.0.0.1",
  tls: { cert: pem("server"), key: pem("server-key") },
  accept: () => {
    setImmediate(() => {
      void closing();
      socket.end(bytesOf(data(1, new Uint8Array(20_000))));
    });
    return new RecordedSink();
  },
});
const socket = connect({ host: "127.0.0.1", port: server.port, ca: pem("ca"), ALPNProtocols: ["h2"] });
socket.on("error", () => {});
socket.write(concat(preface, bytesOf(settings()), bytesOf(headers(1, post))));

async function closing(): Promise<void> {
  await server.close();
  console.log("closed");
}
