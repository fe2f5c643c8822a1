import { ErrorCode } from "../../error-code.ts";
import { pattern } from "../bytes.ts";
import type { Recorder } from "../recorder.ts";
import { type Rule, rule } from "../rule.ts";
import { ServerRecorder } from "../server-recorder.ts";
import { check, checkSame } from "../violation.ts";

/** Calls everything that an exchange has. */
function callAll(side: Recorder): void {
  side.pause();
  side.resume();
  check(side.write(pattern(10, 1)), "write() after closed() answers true: there is nothing to wait for");
  checkSame(side.reserve(), null, "reserve() after closed()");
  side.flush();
  if (side instanceof ServerRecorder) {
    side.inform(103, []);
    side.respond(200);
    side.reply(200, [], pattern(10, 1));
  }
  side.end(null);
  side.reset(ErrorCode.CANCEL);
}

/** closed(), and the end of a connector. That closed() comes once and last is held against every case. */
export const closingRules: readonly Rule[] = [
  rule("Everything after closed() does nothing, after a whole exchange", {}, async (stage) => {
    const talk = stage.talk({
      body: pattern(10, 1),
      server: { end: (server) => server.reply(200, [], pattern(10, 1)) },
    });
    await talk.client.seen("closed");
    const server = await talk.server();
    await server.seen("closed");
    callAll(talk.client);
    callAll(server);
    await stage.barrier();
  }),
  rule("Everything after closed() does nothing, after a reset", {}, async (stage) => {
    const talk = stage.talk({ server: { accept() {} } });
    const server = await talk.server();
    talk.client.reset(ErrorCode.CANCEL);
    await talk.client.seen("closed");
    await server.seen("closed");
    callAll(talk.client);
    callAll(server);
    await stage.barrier();
  }),
  rule("Everything between reset() and closed() does nothing", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    server.write(pattern(10, 1));
    await talk.client.received(10);
    talk.client.reset(ErrorCode.CANCEL);
    talk.client.pause();
    check(talk.client.write(pattern(10, 1)), "write() after reset() answers true");
    talk.client.end(null);
    talk.client.resume();
    talk.client.reset(ErrorCode.INTERNAL_ERROR);
    await talk.client.seen("closed");
    await server.seen("closed");
    if (stage.declared.caps.resets) checkSame(server.died?.h2, ErrorCode.CANCEL, "the code of the reset");
  }),
  rule("A connector that is closed opens nothing", {}, async (stage) => {
    await stage.barrier(1);
    await stage.pair.connector.close(0);
    const talk = stage.talk({ body: pattern(10, 1), server: { accept() {} } });
    await talk.client.seen("closed");
    const { died } = talk.client;
    checkSame([died?.kind, died?.processed], ["shutdown", "never"], "the fault");
    check(!talk.client.has("sent") && talk.served() === undefined, "nothing was sent");
    await stage.pair.connector.close(0);
  }),
  rule("close() lets running exchanges end within their grace, and opens no more", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    server.write(pattern(10, 1));
    await talk.client.received(10);
    let resolved = false;
    const closing = stage.pair.connector.close(60_000).then(() => {
      resolved = true;
    });
    const late = stage.talk({ server: { accept() {} } });
    await late.client.seen("closed");
    const { died } = late.client;
    checkSame([died?.kind, died?.processed], ["shutdown", "never"], "the fault of a late exchange");
    check(!resolved, "close() waits for what runs");
    server.write(pattern(10, 2));
    server.end(null);
    await talk.client.seen("closed");
    check(talk.client.has("end") && talk.client.delivered === true, "the running exchange ended well");
    await closing;
  }),
  rule("close() does not wait for a client that is paused", {}, async (stage) => {
    const talks = [1, 2, 3].map(() =>
      stage.talk({
        client: { head: (client) => client.pause() },
        server: { accept: (server) => server.respond(200) },
      }),
    );
    for (const talk of talks) {
      (await talk.server()).write(pattern(10, 1));
      await talk.client.seen("head");
    }
    await stage.barrier();
    const [, ended, died] = await Promise.all(talks.map((talk) => talk.server()));
    ended?.end(null);
    died?.reset(ErrorCode.INTERNAL_ERROR);
    await died?.seen("closed");
    await stage.pair.connector.close(0);
    for (const { client } of talks) {
      await client.seen("closed");
      check(client.has("fault") && !client.has("end"), "a fault, and no end()");
    }
  }),
  rule("close() may be called again with less grace", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    server.write(pattern(10, 1));
    await talk.client.received(10);
    const patient = stage.pair.connector.close(3_600_000);
    await stage.pair.connector.close(0);
    await patient;
    await talk.client.seen("closed");
    checkSame(talk.client.died?.kind, "shutdown", "the fault");
    await server.seen("closed");
  }),
  rule("close() resets what runs when the grace is over", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    server.write(pattern(10, 1));
    await talk.client.received(10);
    await stage.pair.connector.close(0);
    await talk.client.seen("closed");
    checkSame([talk.client.died?.by, talk.client.died?.kind], ["local", "shutdown"], "the fault");
    check(!talk.client.has("end"), "no end()");
    await server.seen("fault");
    await server.seen("closed");
  }),
];
