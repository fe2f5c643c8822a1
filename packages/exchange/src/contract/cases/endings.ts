import type { Fields } from "../../fields.ts";
import { checkBytes, pattern } from "../bytes.ts";
import { type Rule, rule } from "../rule.ts";
import type { Stage, Talk } from "../stage.ts";
import { check, checkSame } from "../violation.ts";

const trailers: Fields = ["x-kit-status", "0", "x-kit-bin", "AAEC", "x-kit-message", "done%20well"];
const kib = 1024;

/** A client that would upload for ever; its chunk is small enough to be taken while others wait. */
function* endless(): Iterable<Uint8Array> {
  const chunk = pattern(32 * kib, 1);
  for (let sent = 0; sent < 128 * kib * kib; sent += chunk.length) yield chunk;
}

/** A fault after a whole reply can only be the server's word that the upload may stop. */
function checkEarlyReply(stage: Stage, talk: Talk): void {
  const { died } = talk.client;
  if (died === undefined || !stage.declared.caps.resets) return;
  checkSame([died.by, died.kind, died.h2], ["peer", "reset", 0], "the fault that stops the upload");
}

/** How each half ends, and in which order. */
export const endingRules: readonly Rule[] = [
  rule("reply() brings trailers, with a body and without", { trailers: true }, async (stage) => {
    for (const body of [null, new Uint8Array(0), pattern(1000, 1), pattern(200 * kib, 2)]) {
      const talk = stage.talk({ server: { end: (server) => server.reply(200, [], body, trailers) } });
      await talk.client.seen("closed");
      checkSame(talk.client.trailers, trailers, "the trailers");
      checkSame(talk.client.bytes, body?.length ?? 0, "bytes");
    }
  }),
  rule("A streamed response's trailers come after its last byte", { trailers: true }, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    await server.pour([pattern(100 * kib, 1), pattern(1, 2)]);
    server.end(trailers);
    await talk.client.seen("closed");
    checkSame(talk.client.trailers, trailers, "the trailers");
    checkSame(talk.client.bytes, 100 * kib + 1, "bytes before them");
  }),
  rule("Repeated trailers arrive as they were sent", { trailers: true, duplicates: true }, async (stage) => {
    const repeated: Fields = ["x-kit-a", "1", "x-kit-a", "2"];
    const talk = stage.talk({ server: { accept: (server) => server.reply(200, [], null, repeated) } });
    await talk.client.seen("closed");
    checkSame(talk.client.trailers, repeated, "the trailers");
  }),
  rule("No trailers are null", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.reply(200, [], new Uint8Array([1])) } });
    await talk.client.seen("closed");
    checkSame(talk.client.trailers, null, "the response's");
    checkSame((await talk.server()).trailers ?? null, null, "the request's");
  }),
  rule("A request's trailers arrive", { trailers: true, request: "half" }, async (stage) => {
    const talk = stage.talk({ body: "streamed", server: { end: (server) => server.reply(200) } });
    talk.client.write(pattern(1000, 1));
    talk.client.end(trailers);
    await talk.client.seen("closed");
    checkSame((await talk.server()).trailers, trailers, "the trailers");
  }),
  rule("The server goes on sending after the client has ended", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    await server.seen("end");
    for (let i = 1; i <= 3; i++) {
      server.write(pattern(100, i));
      await talk.client.received(i * 100);
    }
    server.end(null);
    await talk.client.seen("closed");
    check(talk.client.delivered === true, "the client's closed() says delivered");
    await server.seen("closed");
    check(server.delivered === true, "the server's closed() says delivered");
  }),
  rule("Both sides talk in turns before either ends", { request: "full" }, async (stage) => {
    const talk = stage.talk({
      body: "streamed",
      server: {
        accept: (server) => {
          server.respond(200);
          server.flush();
        },
      },
    });
    await talk.client.seen("head");
    const server = await talk.server();
    for (let i = 1; i <= 5; i++) {
      talk.client.write(pattern(100, i));
      await server.received(i * 100);
      server.write(pattern(50, i));
      await talk.client.received(i * 50);
    }
    talk.client.end(null);
    await server.seen("end");
    server.end(null);
    await talk.client.seen("closed");
  }),
  rule(
    "A client goes on sending after the head, and is not ended by its own half",
    { request: "full" },
    async (stage) => {
      const talk = stage.talk({ body: "streamed", server: { accept: (server) => server.respond(200) } });
      const server = await talk.server();
      server.write(pattern(10, 1));
      await talk.client.received(10);
      await talk.client.pour([pattern(100 * kib, 2)]);
      talk.client.end(null);
      await server.seen("end");
      await stage.barrier();
      check(!talk.client.has("end") && !talk.client.has("closed"), "the response is still open");
      server.end(null);
      await talk.client.seen("closed");
      checkBytes(server.body, pattern(100 * kib, 2), "what came after the head");
    },
  ),
  rule(
    "A reply before the request has been read reaches the client whole, and the upload stops",
    { request: "half" },
    async (stage) => {
      const body = pattern(20 * kib, 3);
      const talk = stage.talk({
        body: "streamed",
        server: { accept: (server) => server.reply(200, ["x-kit-a", "1"], body, trailers) },
      });
      await talk.client.pour(endless());
      if (talk.client.over) await talk.client.seen("closed");
      check(talk.client.has("closed"), "128 MiB went up after the reply");
      check(talk.client.has("end"), "the client got the reply's end");
      checkBytes(talk.client.body, body, "the reply's body");
      if (stage.declared.caps.trailers) checkSame(talk.client.trailers, trailers, "the trailers");
      checkEarlyReply(stage, talk);
      const server = await talk.server();
      await server.seen("closed");
      check(!server.has("fault"), "the server's side did not fault");
      check(server.delivered === true, "the reply counts as delivered");
      await stage.barrier();
    },
  ),
  rule("A reply before a short upload has ended lets it end", { request: "full" }, async (stage) => {
    const talk = stage.talk({
      body: "streamed",
      server: { accept: (server) => server.reply(200, [], pattern(10, 1), trailers) },
      client: { end: (client) => client.end(null) },
    });
    talk.client.write(pattern(100, 1));
    await talk.client.seen("closed");
    checkSame(talk.client.bytes, 10, "bytes");
    checkEarlyReply(stage, talk);
    await stage.barrier();
  }),
  rule(
    "An early reply reaches a paused client whole, though the upload was stopped meanwhile",
    { request: "full", resets: true },
    async (stage) => {
      const body = pattern(5 * kib, 3);
      const talk = stage.talk({
        body: "streamed",
        client: { head: (client) => client.pause() },
        server: { accept: (server) => server.reply(200, [], body, trailers) },
      });
      talk.client.write(pattern(100, 1));
      await talk.client.seen("head");
      await stage.barrier();
      checkSame(talk.client.bytes, 0, "bytes while paused");
      talk.client.resume();
      await talk.client.seen("end");
      checkBytes(talk.client.body, body, "the reply's body");
      if (stage.declared.caps.trailers) checkSame(talk.client.trailers, trailers, "the trailers");
      talk.client.end(null);
      await talk.client.seen("closed");
      checkEarlyReply(stage, talk);
    },
  ),
  rule(
    "A server that has replied is not held open by a client that neither sends nor ends",
    { request: "full" },
    async (stage) => {
      const talk = stage.talk({
        body: "streamed",
        server: { accept: (server) => server.reply(200, [], pattern(10, 1), null) },
      });
      await talk.client.seen("end");
      await (await talk.server()).seen("closed");
      await talk.client.seen("closed");
      checkEarlyReply(stage, talk);
    },
  ),
  rule("What is written after end() is dropped", {}, async (stage) => {
    const talk = stage.talk({
      server: {
        accept: (server) => {
          server.respond(200);
          server.write(new Uint8Array([1]));
          server.end(null);
          server.write(new Uint8Array([2]));
          server.end(null);
          server.flush();
        },
      },
    });
    await talk.client.seen("closed");
    checkSame([...talk.client.body], [1], "the body");
  }),
];
