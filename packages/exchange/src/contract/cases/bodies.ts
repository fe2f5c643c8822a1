import { checkBytes, concat, pattern } from "../bytes.ts";
import type { Recorder } from "../recorder.ts";
import { type Rule, rule } from "../rule.ts";
import type { Stage } from "../stage.ts";
import { check, checkSame } from "../violation.ts";

const kib = 1024;
const sizes = [1, 100, 16 * kib, 64 * kib + 1, 3, 300 * kib];

/** Chunks of many sizes, all different. */
function chunksOf(seed: number): Uint8Array[] {
  return sizes.map((size, i) => pattern(size, seed + i));
}

/** Sends `body` up and the same down again, in one piece each. */
async function echo(stage: Stage, body: Uint8Array): Promise<void> {
  const talk = stage.talk({
    body,
    server: { end: (server) => server.reply(200, [], server.body) },
  });
  await talk.client.seen("closed");
  checkBytes((await talk.server()).body, body, "the request's body");
  checkBytes(talk.client.body, body, "the response's body");
}

/** Lends room if it can, and writes these bytes into it; plain write() if it cannot. */
async function writeInPlace(side: Recorder, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const span = side.reserve();
    const size = Math.min(bytes.length - at, span === null ? Infinity : span.end - span.pos);
    const part = bytes.subarray(at, at + size);
    at += size;
    let room: boolean;
    if (span === null) room = side.write(part);
    else {
      check(size > 0, "a span has room");
      span.buf.set(part, span.pos);
      room = side.commit(span.pos + size, size);
    }
    if (!room) await side.room();
  }
}

/** Borrows room, fills it with rubbish, and gives it back unused. */
function cancelSpan(side: Recorder): void {
  const span = side.reserve();
  if (span === null) return;
  span.buf.fill(0xdb, span.pos, span.end);
  side.commit(span.pos, 0);
}

/** Bodies: every byte, once, in order, whatever the chunks; and written chunks stay as they are. */
export const bodyRules: readonly Rule[] = [
  rule("A body given whole to open() arrives, and reply() brings one back", {}, async (stage) => {
    for (const size of sizes) await echo(stage, pattern(size, size));
  }),
  rule("An empty body is no data", {}, async (stage) => {
    for (const body of [null, new Uint8Array(0)]) {
      const talk = stage.talk({
        body,
        server: { end: (server) => server.reply(200, [], body) },
      });
      await talk.client.seen("closed");
      checkSame([(await talk.server()).bytes, talk.client.bytes], [0, 0], "bytes up and down");
    }
  }),
  rule("A body of 4 MiB makes its way both ways", {}, async (stage) => {
    await echo(stage, pattern(4 * kib * kib, 5));
  }),
  rule("Chunks of all sizes arrive in order, streamed up", { request: "half" }, async (stage) => {
    const talk = stage.talk({ body: "streamed", server: { end: (server) => server.reply(200) } });
    const chunks = chunksOf(1);
    await talk.client.pour(chunks);
    talk.client.end(null);
    await talk.client.seen("closed");
    checkBytes((await talk.server()).body, concat(chunks), "the request's body");
  }),
  rule("Chunks of all sizes arrive in order, streamed down", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    const chunks = chunksOf(2);
    await server.pour(chunks);
    server.end(null);
    await talk.client.seen("closed");
    checkBytes(talk.client.body, concat(chunks), "the response's body");
  }),
  rule("A streamed request without a chunk is an empty one", { request: "half" }, async (stage) => {
    const talk = stage.talk({ body: "streamed", server: { end: (server) => server.reply(200) } });
    talk.client.end(null);
    await talk.client.seen("closed");
    checkSame((await talk.server()).bytes, 0, "bytes");
  }),
  rule("An empty chunk neither ends a body nor breaks it", { request: "half" }, async (stage) => {
    const [one, none, two] = [new Uint8Array([1]), new Uint8Array(0), new Uint8Array([2])];
    const talk = stage.talk({ body: "streamed", server: { accept: (server) => server.respond(200) } });
    const parts = [none, one, none, none, two, none];
    await talk.client.pour(parts);
    talk.client.end(null);
    const server = await talk.server();
    await server.seen("end");
    await server.pour(parts);
    server.end(null);
    await talk.client.seen("closed");
    checkSame([...server.body], [1, 2], "the request's body");
    checkSame([...talk.client.body], [1, 2], "the response's body");
  }),
  rule("A chunk may be part of a larger buffer", {}, async (stage) => {
    const buffer = pattern(10_000, 9);
    await echo(stage, buffer.subarray(1234, 5678));
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    await server.pour([buffer.subarray(100, 200), buffer.subarray(9000)]);
    server.end(null);
    await talk.client.seen("closed");
    checkBytes(talk.client.body, concat([buffer.slice(100, 200), buffer.slice(9000)]), "the body");
  }),
  rule("A chunk sent twice, and to several exchanges, arrives whole each time", {}, async (stage) => {
    const chunk = pattern(40 * kib, 3);
    const talks = [1, 2, 3].map(() =>
      stage.talk({ body: chunk, server: { accept: (server) => server.respond(200) } }),
    );
    for (const talk of talks) {
      const server = await talk.server();
      await server.seen("end");
      await server.pour([chunk, chunk]);
      server.end(null);
    }
    for (const talk of talks) {
      await talk.client.seen("closed");
      const server = await talk.server();
      await server.seen("closed");
      checkBytes(server.body, chunk, "the request's body");
      checkBytes(talk.client.body, concat([chunk, chunk]), "the response's body");
    }
  }),
  rule("No written chunk is ever changed", {}, async (stage) => {
    const body = pattern(100 * kib, 4);
    const streamed = stage.declared.caps.request !== "whole";
    const [up, down] = [chunksOf(6), chunksOf(7)];
    const talk = stage.talk({
      body: streamed ? "streamed" : body,
      server: { accept: (server) => server.respond(200) },
    });
    if (streamed) {
      await talk.client.pour(up);
      talk.client.end(null);
    }
    const server = await talk.server();
    await server.pour(down);
    server.end(null);
    await talk.client.seen("closed");
    await server.seen("closed");
    checkBytes(body, pattern(100 * kib, 4), "the body given to open()");
    checkBytes(concat(up), concat(chunksOf(6)), "the client's chunks");
    checkBytes(concat(down), concat(chunksOf(7)), "the server's chunks");
  }),
  rule("reserve() gives null, or room that commit() sends exactly", {}, async (stage) => {
    const streamed = stage.declared.caps.request !== "whole";
    const talk = stage.talk({
      body: streamed ? "streamed" : null,
      server: { accept: (server) => server.respond(200) },
    });
    const bytes = pattern(150 * kib, 8);
    const sendAll = async (side: Recorder): Promise<void> => {
      cancelSpan(side);
      await writeInPlace(side, bytes);
      await side.pour([bytes.subarray(0, 10)]);
      cancelSpan(side);
      await writeInPlace(side, bytes.subarray(10, 20));
      cancelSpan(side);
      side.end(null);
    };
    if (streamed) await sendAll(talk.client);
    const server = await talk.server();
    await server.seen("end");
    await sendAll(server);
    await talk.client.seen("closed");
    const whole = concat([bytes, bytes.subarray(0, 20)]);
    checkBytes(talk.client.body, whole, "the response's body");
    if (streamed) checkBytes(server.body, whole, "the request's body");
  }),
  rule("Fifty exchanges at once keep apart", {}, async (stage) => {
    const streamed = stage.declared.caps.request !== "whole";
    const talks = Array.from({ length: 50 }, (_, i) => {
      const body = pattern(2000 + i, i);
      const talk = stage.talk({
        body: streamed ? "streamed" : body,
        fields: ["x-kit-number", `${i}`],
        server: {
          accept: (server) => server.respond(200, ["x-kit-number", `${i}`]),
          end: (server) => {
            server.write(server.body);
            server.end(null);
          },
        },
      });
      return { body, talk };
    });
    if (streamed) {
      for (let part = 0; part < 4; part++) {
        await stage.barrier(1);
        for (const { body, talk } of talks)
          await talk.client.pour([body.subarray(part * 500, part * 500 + 500)]);
      }
      for (const { body, talk } of talks) {
        await talk.client.pour([body.subarray(2000)]);
        talk.client.end(null);
      }
    }
    for (const [i, { body, talk }] of talks.entries()) {
      await talk.client.seen("closed");
      const fields = talk.client.head?.fields ?? [];
      checkSame(fields[fields.indexOf("x-kit-number") + 1], `${i}`, `field of exchange ${i}`);
      checkBytes((await talk.server()).body, body, `request ${i}`);
      checkBytes(talk.client.body, body, `response ${i}`);
    }
  }),
];
