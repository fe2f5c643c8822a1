// A server closes although TLS handshakes have failed, and others are not over: what becomes of such a socket, and which events
// tell it, each runtime's node:tls has its own ways with.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect, listen } from "@millrace/http2/node";

const [key = "", cert = ""] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const problems: string[] = [];
let heard = (): void => {};
const server = await listen({
  port: 0,
  host: "127.0.0.1",
  tls: { key, cert },
  accept: () => null,
  // It does not help.
  limits: { handshakeTimeoutMs: 3_600_000 },
  onProblem(text) {
    problems.push(text);
    heard();
  },
});

async function opened(text: string): Promise<void> {
  const socket = connectTcp({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  socket.write(text);
}

const refused = new Promise<void>((resolve) => (heard = resolve));
await opened("GET / HTTP/1.1\r\n\r\n");
await refused;
const outcome = await connect(`https://127.0.0.1:${server.port}`).then(
  () => "connected",
  () => "not trusted",
);
await opened("");
await opened("\x16\x03\x01\x00\x20");
await server.close();
console.log(problems[0]?.startsWith("TLS: "), outcome, "closed");
process.exit(0);
