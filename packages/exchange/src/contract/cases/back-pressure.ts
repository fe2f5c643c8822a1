import { ErrorCode } from "../../error-code.ts";
import { pattern } from "../bytes.ts";
import type { ClientRecorder } from "../client-recorder.ts";
import type { Recorder } from "../recorder.ts";
import { type Rule, rule } from "../rule.ts";
import type { ServerRecorder } from "../server-recorder.ts";
import type { Stage } from "../stage.ts";
import { check, checkSame } from "../violation.ts";

const kib = 1024;
const chunk = pattern(64 * kib, 1);

/**
 * What may be on its way to a reader that is paused: generous, because a kernel's socket buffers count too. Without
 * back-pressure there is no bound at all.
 */
const most = 24 * kib * kib;

/** Writes for as long as there is room, until the writer has been left without any for a while. */
async function fill(stage: Stage, writer: Recorder): Promise<void> {
  for (;;) {
    while (writer.write(chunk))
      check(writer.written <= most, `write() still answered true after ${writer.written} bytes`);
    for (let round = 0; writer.choked && round < 3; round++) await stage.barrier(1);
    check(writer.written <= most, `${writer.written} bytes were taken while the reader was paused`);
    if (writer.choked) return;
  }
}

/** Streams against a paused reader until it stalls, lets the reader go on, and ends. */
async function stallAndDrain(stage: Stage, writer: Recorder, reader: Recorder): Promise<void> {
  reader.keep = false;
  await fill(stage, writer);
  checkSame(reader.bytes, 0, "bytes delivered while paused");
  const before = writer.log.filter((name) => name === "writable").length;
  reader.resume();
  await writer.seen("writable", before + 1);
  await reader.received(writer.written);
  await stage.barrier();
  checkSame(
    writer.log.filter((name) => name === "writable").length,
    before + 1,
    "writable() for one episode",
  );
  reader.pause();
  const room = writer.write(chunk);
  reader.resume();
  if (!room) await writer.room();
  await reader.received(writer.written);
  checkSame(reader.bytes, writer.written, "bytes that arrived");
}

/** A streamed request to a server that is paused. */
async function toPausedServer(stage: Stage): Promise<{ client: ClientRecorder; server: ServerRecorder }> {
  const talk = stage.talk({
    body: "streamed",
    server: { accept: (server) => server.pause(), end: (server) => server.reply(200) },
  });
  talk.client.write(new Uint8Array([1]));
  return { client: talk.client, server: await talk.server() };
}

/** A streamed response to a client that is paused. */
async function toPausedClient(stage: Stage): Promise<{ client: ClientRecorder; server: ServerRecorder }> {
  const talk = stage.talk({
    client: { head: (client) => client.pause() },
    server: {
      accept: (server) => {
        server.respond(200);
        server.flush();
      },
    },
  });
  await talk.client.seen("head");
  return { client: talk.client, server: await talk.server() };
}

/** write() answers for the reader's pace. */
export const backPressureRules: readonly Rule[] = [
  rule(
    "A client that writes to a paused server is told to wait, and then to go on",
    { request: "half" },
    async (stage) => {
      const { client, server } = await toPausedServer(stage);
      await stallAndDrain(stage, client, server);
      client.end(null);
      await client.seen("closed");
    },
  ),
  rule("A server that writes to a paused client is told to wait, and then to go on", {}, async (stage) => {
    const { client, server } = await toPausedClient(stage);
    await stallAndDrain(stage, server, client);
    server.end(null);
    await client.seen("closed");
  }),
  rule("A client that is waiting for room is closed when it resets", { request: "half" }, async (stage) => {
    const { client, server } = await toPausedServer(stage);
    await fill(stage, client);
    client.reset(ErrorCode.CANCEL);
    await client.seen("closed");
    checkSame(client.delivered, false, "delivered");
    // Where a reset is not a frame of its own, it lies behind the bytes that nobody reads.
    if (!stage.declared.caps.resets) server.resume();
    await server.seen("fault");
    await server.seen("closed");
  }),
  rule("reset() after end() discards what is unsent", {}, async (stage) => {
    const { client, server } = await toPausedClient(stage);
    await fill(stage, server);
    server.end(null);
    server.reset(ErrorCode.INTERNAL_ERROR);
    await server.seen("closed");
    checkSame(server.delivered, false, "delivered");
    client.resume();
    await client.seen("closed");
    check(client.has("fault") && !client.has("end"), "the client's response was cut short");
  }),
];
