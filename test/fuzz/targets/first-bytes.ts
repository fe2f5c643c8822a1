import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { tellProtocol } from "../../../packages/node/src/server/first-bytes.ts";
import type { FirstBytes } from "../../../packages/node/src/server/first-bytes.ts";
import type { Target } from "../target.ts";
import { splits } from "./pieces.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** The clock has no part in it. */
const never = 2 ** 31 - 1;

/** What tells HTTP/1.1 from HTTP/2 by the first bytes, which stay unread. */
export const firstBytes: Target = {
  words: [preface, "PRI ", "POST / HTTP/1.1\r\n\r\n", "\x16\x03\x01"],
  async run(input) {
    const expected = whatItIs(Buffer.from(input).toString("latin1"));
    for (const chunks of [[input], ...splits(input)]) {
      const [found, unread] = await tell(chunks);
      assert.equal(found, expected);
      if (found !== "closed") assert.deepEqual(unread, Buffer.from(input));
    }
    return expected;
  },
};

function whatItIs(text: string): FirstBytes {
  if (text === "") return "closed";
  if (text.startsWith("\x16")) return "tls";
  if (text.startsWith(preface)) return "http2";
  return preface.startsWith(text) ? "closed" : "http1";
}

/** What it says of a connection that sends these chunks, and then breaks; and what can still be read. */
async function tell(chunks: readonly Uint8Array[]): Promise<readonly [FirstBytes, Buffer]> {
  const socket = new Duplex({ read() {} });
  let found: FirstBytes | undefined;
  tellProtocol(socket as Socket, never, (first) => {
    assert.equal(found, undefined, "told twice");
    found = first;
  });
  for (const chunk of chunks) {
    if (chunk.length > 0) socket.push(chunk);
    // Readers hear of what came in a turn of its own.
    await new Promise((resolve) => process.nextTick(resolve));
  }
  const unread = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await closed;
  assert.ok(found !== undefined, "never told");
  return [found, unread];
}
