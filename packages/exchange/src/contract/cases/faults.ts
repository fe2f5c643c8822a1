import { ErrorCode } from "../../error-code.ts";
import type { Fault } from "../../fault.ts";
import { checkBytes, pattern } from "../bytes.ts";
import type { ClientRecorder } from "../client-recorder.ts";
import type { Recorder } from "../recorder.ts";
import { type Rule, rule } from "../rule.ts";
import type { ServerRecorder } from "../server-recorder.ts";
import type { Stage } from "../stage.ts";
import { check, checkSame } from "../violation.ts";

/** The fault, and then nothing but closed(false). */
async function died(side: Recorder): Promise<Fault> {
  await side.seen("closed");
  check(side.died !== undefined, `${side.label}: fault() came before closed()`);
  checkSame(side.delivered, false, `${side.label}: delivered`);
  check(side.died.text !== "", `${side.label}: the fault has a text`);
  return side.died;
}

/** A fault by the peer's reset(), as far as the carriage can tell. */
function checkReset(stage: Stage, fault: Fault, h2: number): void {
  if (stage.declared.caps.resets)
    checkSame([fault.by, fault.kind, fault.h2], ["peer", "reset", h2], "the fault");
  else {
    check(fault.by !== "local", `by: ${fault.by}`);
    check(["reset", "lost", "truncated"].includes(fault.kind), `kind: ${fault.kind}`);
  }
}

function checkLost(fault: Fault): void {
  check(fault.by !== "local", `by: ${fault.by}`);
  check(["lost", "truncated", "reset"].includes(fault.kind), `kind: ${fault.kind}`);
}

/** A response of which the first 1,000 bytes have come. */
async function underWay(stage: Stage): Promise<{ client: ClientRecorder; server: ServerRecorder }> {
  const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
  const server = await talk.server();
  server.write(pattern(1000, 1));
  await talk.client.received(1000);
  return { client: talk.client, server };
}

/** How an exchange dies, and what each side is told. */
export const faultRules: readonly Rule[] = [
  rule("A client's reset faults at the server, before its reply", {}, async (stage) => {
    const talk = stage.talk({ server: { accept() {} } });
    const server = await talk.server();
    talk.client.reset(ErrorCode.CANCEL);
    checkReset(stage, await died(server), ErrorCode.CANCEL);
    await talk.client.seen("closed");
    check(!talk.client.has("fault"), "this side's own reset() is no fault()");
    checkSame(talk.client.delivered, false, "delivered");
    await stage.barrier();
  }),
  rule("A client's reset faults at the server, in the middle of the reply", {}, async (stage) => {
    const talk = stage.talk({ server: { accept: (server) => server.respond(200) } });
    const server = await talk.server();
    await server.seen("end");
    server.write(pattern(100, 1));
    await talk.client.received(100);
    talk.client.reset(ErrorCode.CANCEL);
    checkReset(stage, await died(server), ErrorCode.CANCEL);
    await talk.client.seen("closed");
    check(!talk.client.has("fault") && !talk.client.has("end"), "reset() gives only closed()");
  }),
  rule(
    "A client's reset faults at the server, in the middle of the request",
    { request: "half" },
    async (stage) => {
      const talk = stage.talk({ body: "streamed", server: { accept() {} } });
      talk.client.write(pattern(100, 1));
      const server = await talk.server();
      await server.received(100);
      talk.client.reset(ErrorCode.CANCEL);
      checkReset(stage, await died(server), ErrorCode.CANCEL);
      check(!server.has("end"), "a request that was cut short does not end");
    },
  ),
  rule("A client's reset reaches a paused server at once", {}, async (stage) => {
    const talk = stage.talk({
      body: pattern(1000, 1),
      server: { accept: (server) => server.pause() },
    });
    const server = await talk.server();
    await stage.barrier();
    talk.client.reset(ErrorCode.CANCEL);
    checkReset(stage, await died(server), ErrorCode.CANCEL);
    checkSame([server.bytes, server.has("end")], [0, false], "what was held");
  }),
  rule("reset() straight after open() closes, and the server never sees it whole", {}, async (stage) => {
    const talk = stage.talk({ body: pattern(100, 1), server: { accept() {} } });
    talk.client.reset(ErrorCode.CANCEL);
    await talk.client.seen("closed");
    checkSame(
      talk.client.log.filter((name) => name !== "closed"),
      [],
      "events but closed()",
    );
    checkSame(talk.client.delivered, false, "delivered");
    await stage.barrier();
    await talk.served()?.seen("fault");
  }),
  rule("A server's reset faults at the client, before the head", {}, async (stage) => {
    const talk = stage.talk({ server: { end: (server) => server.reset(ErrorCode.INTERNAL_ERROR) } });
    const fault = await died(talk.client);
    checkReset(stage, fault, ErrorCode.INTERNAL_ERROR);
    checkSame(fault.processed, "maybe", "processed");
    const server = await talk.server();
    await server.seen("closed");
    check(!server.has("fault"), "this side's own reset() is no fault()");
    checkSame(server.delivered, false, "delivered");
    await stage.barrier();
  }),
  ...[ErrorCode.CANCEL, ErrorCode.ENHANCE_YOUR_CALM, ErrorCode.INADEQUATE_SECURITY].map((h2) =>
    rule(`Error code ${h2} of a reset reaches the client`, { resets: true }, async (stage) => {
      const talk = stage.talk({ server: { end: (server) => server.reset(h2) } });
      checkReset(stage, await died(talk.client), h2);
    }),
  ),
  rule("REFUSED_STREAM says that nothing was processed", { resets: true }, async (stage) => {
    const talk = stage.talk({
      body: pattern(100, 1),
      server: { accept: (server) => server.reset(ErrorCode.REFUSED_STREAM) },
    });
    const fault = await died(talk.client);
    checkReset(stage, fault, ErrorCode.REFUSED_STREAM);
    checkSame(fault.processed, "never", "processed");
  }),
  rule("A server's reset after some of the body is a fault, never an end", {}, async (stage) => {
    const { client, server } = await underWay(stage);
    server.reset(ErrorCode.INTERNAL_ERROR);
    const fault = await died(client);
    checkReset(stage, fault, ErrorCode.INTERNAL_ERROR);
    checkSame(fault.processed, "maybe", "processed");
    check(!client.has("end"), "no end()");
  }),
  rule("Bytes that a paused client has received come before the fault", { resets: true }, async (stage) => {
    const talk = stage.talk({
      client: { head: (client) => client.pause() },
      server: { accept: (server) => server.respond(200) },
    });
    const server = await talk.server();
    server.write(pattern(1000, 1));
    await talk.client.seen("head");
    await stage.barrier();
    server.reset(ErrorCode.INTERNAL_ERROR);
    await server.seen("closed");
    await stage.barrier();
    check(!talk.client.has("fault"), "the fault waits behind the bytes");
    talk.client.resume();
    checkReset(stage, await died(talk.client), ErrorCode.INTERNAL_ERROR);
    checkBytes(talk.client.body, pattern(1000, 1), "the bytes before the fault");
  }),
  rule("A client may reset while a fault waits behind its pause", {}, async (stage) => {
    const talk = stage.talk({
      client: { head: (client) => client.pause() },
      server: { accept: (server) => server.respond(200) },
    });
    const server = await talk.server();
    server.write(pattern(1000, 1));
    await talk.client.seen("head");
    server.reset(ErrorCode.INTERNAL_ERROR);
    await server.seen("closed");
    await stage.barrier();
    talk.client.reset(ErrorCode.CANCEL);
    await talk.client.seen("closed");
    checkSame(talk.client.delivered, false, "delivered");
  }),
  rule("The end of a response is not revoked by what comes later", { request: "full" }, async (stage) => {
    const talk = stage.talk({
      body: "streamed",
      server: { accept: (server) => server.reply(200, [], pattern(100, 1)) },
      client: { end: (client) => client.reset(ErrorCode.CANCEL) },
    });
    talk.client.write(pattern(10, 1));
    await talk.client.seen("closed");
    checkBytes(talk.client.body, pattern(100, 1), "the response's body");
    await (await talk.server()).seen("closed");
  }),
  rule(
    "A carriage cut in the middle of a response is a fault, never an end",
    { features: ["cut"] },
    async (stage) => {
      const { client, server } = await underWay(stage);
      stage.pair.cut?.();
      const fault = await died(client);
      checkLost(fault);
      checkSame(fault.processed, "maybe", "processed");
      check(!client.has("end"), "no end()");
      checkLost(await died(server));
    },
  ),
  rule("A carriage cut before the head is a fault on both sides", { features: ["cut"] }, async (stage) => {
    const talk = stage.talk({ body: pattern(10, 1), server: { accept() {} } });
    const server = await talk.server();
    await server.seen("end");
    stage.pair.cut?.();
    const fault = await died(talk.client);
    checkLost(fault);
    checkSame(fault.processed, "maybe", "processed");
    checkLost(await died(server));
  }),
  rule(
    "A carriage cut in the middle of a request faults at both sides",
    { features: ["cut"], request: "half" },
    async (stage) => {
      const talk = stage.talk({ body: "streamed", server: { accept() {} } });
      talk.client.write(pattern(1000, 1));
      const server = await talk.server();
      await server.received(1000);
      stage.pair.cut?.();
      checkSame((await died(talk.client)).processed, "maybe", "processed");
      checkLost(await died(server));
      check(!server.has("end"), "a request that was cut short does not end");
    },
  ),
  rule("A cut ends every exchange, and the next one starts afresh", { features: ["cut"] }, async (stage) => {
    const talks = Array.from({ length: 10 }, () =>
      stage.talk({ server: { accept: (server) => server.respond(200) } }),
    );
    for (const talk of talks) (await talk.server()).write(pattern(10, 1));
    for (const talk of talks) await talk.client.received(10);
    stage.pair.cut?.();
    for (const talk of talks) {
      await died(talk.client);
      await died(await talk.server());
    }
    await stage.barrier();
  }),
  rule(
    "GOAWAY lets what runs finish, and loses nothing that comes after",
    { features: ["goaway"] },
    async (stage) => {
      const { client, server } = await underWay(stage);
      stage.pair.goaway?.();
      const next = stage.talk({ server: { accept: (other) => other.reply(200) } });
      server.write(pattern(1000, 2));
      await client.received(2000);
      server.end(null);
      await client.seen("closed");
      check(client.has("end"), "the running exchange ended well");
      await next.client.seen("closed");
      if (next.client.died !== undefined) {
        checkSame(next.client.died.processed, "never", "processed, of an exchange opened after GOAWAY");
        check(next.served() === undefined, "the server did not see what was never processed");
      }
    },
  ),
  rule(
    "Where nothing listens, an exchange faults and was never processed",
    { features: ["nowhere"] },
    async (stage) => {
      const connector = stage.pair.nowhere;
      check(connector !== undefined, "a pair that does not lack it has a connector to nowhere");
      for (const body of [null, pattern(100, 1), "streamed"] as const) {
        if (body === "streamed" && stage.declared.caps.request === "whole") continue;
        const talk = stage.talk({ body, connector });
        if (body === "streamed") talk.client.write(pattern(100, 1));
        const fault = await died(talk.client);
        checkSame([fault.kind, fault.processed], ["connect", "never"], "the fault");
        check(!talk.client.has("sent"), "nothing was sent");
      }
    },
  ),
];
