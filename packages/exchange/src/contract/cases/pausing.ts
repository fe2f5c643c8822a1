import { checkBytes, concat, pattern } from "../bytes.ts";
import { ErrorCode } from "../../error-code.ts";
import { type Rule, rule } from "../rule.ts";
import { check, checkSame } from "../violation.ts";

const kib = 1024;

/** pause() and resume(). That data() and end() never come while paused is held against every case. */
export const pausingRules: readonly Rule[] = [
  rule("pause() inside accept() holds the request, and resume() brings all of it", {}, async (stage) => {
    const body = pattern(50 * kib, 1);
    const talk = stage.talk({
      body,
      server: { accept: (server) => server.pause(), end: (server) => server.reply(200) },
    });
    const server = await talk.server();
    await stage.barrier();
    checkSame([server.bytes, server.has("end")], [0, false], "bytes and end() while paused");
    server.resume();
    await talk.client.seen("closed");
    checkBytes(server.body, body, "the request's body");
  }),
  rule("pause() inside accept() holds the end of a request without a body", {}, async (stage) => {
    const talk = stage.talk({
      server: { accept: (server) => server.pause(), end: (server) => server.reply(200) },
    });
    const server = await talk.server();
    await stage.barrier();
    check(!server.has("end"), "no end() while paused");
    server.resume();
    await talk.client.seen("closed");
  }),
  rule("A paused server may reply", {}, async (stage) => {
    const talk = stage.talk({
      body: pattern(10 * kib, 1),
      server: { accept: (server) => server.pause() },
    });
    const server = await talk.server();
    await stage.barrier();
    server.reply(200, [], pattern(100, 2));
    await talk.client.seen("closed");
    checkBytes(talk.client.body, pattern(100, 2), "the response's body");
    await server.seen("closed");
    checkSame(server.bytes, 0, "bytes after the reply");
  }),
  rule("pause() inside the server's data() holds the next chunk and the end", {}, async (stage) => {
    const body = pattern(600 * kib, 2);
    const talk = stage.talk({
      body,
      server: { data: (server) => server.pause(), end: (server) => server.reply(200) },
    });
    const server = await talk.server();
    for (let chunks = 1; ; chunks++) {
      await server.seen("data", chunks);
      if (chunks <= 3) {
        await stage.barrier(1);
        checkSame(server.log.filter((name) => name === "data").length, chunks, "chunks while paused");
      }
      check(!server.has("end"), "no end() while paused");
      const all = server.bytes === body.length;
      server.resume();
      if (all) break;
    }
    await talk.client.seen("closed");
    checkBytes(server.body, body, "the request's body");
  }),
  rule("pause() inside the client's data() holds the next chunk and the end", {}, async (stage) => {
    const body = pattern(600 * kib, 3);
    const talk = stage.talk({
      client: { data: (client) => client.pause() },
      server: { accept: (server) => server.reply(200, [], body) },
    });
    for (let chunks = 1; ; chunks++) {
      await talk.client.seen("data", chunks);
      if (chunks <= 3) {
        await stage.barrier(1);
        checkSame(talk.client.log.filter((name) => name === "data").length, chunks, "chunks while paused");
      }
      check(!talk.client.has("end"), "no end() while paused");
      const all = talk.client.bytes === body.length;
      talk.client.resume();
      if (all) break;
    }
    await talk.client.seen("closed");
    checkBytes(talk.client.body, body, "the response's body");
  }),
  rule("pause() between two events holds what comes next at a client", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    server.write(pattern(10, 1));
    await talk.client.received(10);
    await stage.barrier(1);
    talk.client.pause();
    server.write(pattern(10, 2));
    server.end(null);
    await stage.barrier();
    checkSame([talk.client.bytes, talk.client.has("end")], [10, false], "bytes and end() while paused");
    talk.client.resume();
    await talk.client.seen("closed");
    checkBytes(talk.client.body, concat([pattern(10, 1), pattern(10, 2)]), "the response's body");
  }),
  rule("pause() between two events holds what comes next at a server", { request: "half" }, async (stage) => {
    const talk = stage.talk({ body: "streamed", server: { end: (server) => server.reply(200) } });
    talk.client.write(pattern(10, 1));
    const server = await talk.server();
    await server.received(10);
    await stage.barrier(1);
    server.pause();
    talk.client.write(pattern(10, 2));
    talk.client.end(null);
    await stage.barrier();
    checkSame([server.bytes, server.has("end")], [10, false], "bytes and end() while paused");
    server.resume();
    await talk.client.seen("closed");
    checkBytes(server.body, concat([pattern(10, 1), pattern(10, 2)]), "the request's body");
  }),
  rule("A client that pauses at once gets all after resume()", {}, async (stage) => {
    const talk = stage.talk({
      server: { accept: (server) => server.reply(200, [], pattern(2 * kib, 1)) },
    });
    talk.client.pause();
    await stage.barrier();
    checkSame([talk.client.bytes, talk.client.has("end")], [0, false], "bytes and end() while paused");
    talk.client.resume();
    await talk.client.seen("closed");
    checkBytes(talk.client.body, pattern(2 * kib, 1), "the response's body");
  }),
  rule("pause() inside head() holds an end that has no body", {}, async (stage) => {
    const talk = stage.talk({
      client: { head: (client) => client.pause() },
      server: { accept: (server) => server.reply(200) },
    });
    await talk.client.seen("head");
    await stage.barrier();
    check(!talk.client.has("end") && !talk.client.has("closed"), "nothing while paused");
    talk.client.resume();
    await talk.client.seen("closed");
  }),
  rule("pause() and resume() are states, not counters", {}, async (stage) => {
    const talk = stage.talk({
      body: pattern(10 * kib, 1),
      client: {
        head: (client) => {
          client.pause();
          client.pause();
          client.resume();
        },
      },
      server: {
        accept: (server) => {
          server.resume();
          server.pause();
          server.pause();
          server.resume();
        },
        end: (server) => server.reply(200, [], server.body),
      },
    });
    await talk.client.seen("closed");
    checkBytes(talk.client.body, pattern(10 * kib, 1), "the response's body");
  }),
  rule("One paused exchange does not hold up another", {}, async (stage) => {
    const held = stage.talk({
      client: { head: (client) => client.pause() },
      server: { accept: (server) => server.respond(200) },
    });
    const server = await held.server();
    while (server.written < 16 * 1024 * kib && server.write(pattern(16 * kib, 1)));
    await held.client.seen("head");
    const free = stage.talk({
      body: pattern(300 * kib, 2),
      server: { end: (other) => other.reply(200, [], other.body) },
    });
    await free.client.seen("closed");
    checkBytes(free.client.body, pattern(300 * kib, 2), "the other's body");
    held.client.reset(ErrorCode.CANCEL);
  }),
];
