import { once } from "node:events";
import { constants, createServer } from "node:http2";
import type { ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { createClient, createNodeHandler, createTransport, implementPartial } from "@millrace/node";
import type { Protocol, RpcError } from "@millrace/node";
import { afterEach, describe, expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { codeOf, Ends, expectNothingUnhandled } from "./support/life.ts";
import { TcpRelay } from "./support/tcp-relay.ts";

expectNothingUnhandled();

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Stage {
  readonly client: GreetServiceClient;
  readonly sessions: ServerHttp2Session[];
  readonly relay: TcpRelay;
  readonly ends: Ends;
  /** Lets the call that sleeps go on. */
  wake(): void;
  asleep: Promise<void>;
}

async function stage(protocol: Protocol): Promise<Stage> {
  const begun = Promise.withResolvers<void>();
  const nap = Promise.withResolvers<void>();
  const sessions: ServerHttp2Session[] = [];
  const service = implementPartial(GreetService, {
    async greet({ name }) {
      if (name !== "sleep") return { greeting: "quick" };
      begun.resolve();
      await nap.promise;
      return { greeting: "slept" };
    },
  });
  const server = createServer(createNodeHandler({ services: [service] }));
  server.on("session", (session) => sessions.push(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const ends = new Ends();
  const relay = await TcpRelay.to((server.address() as AddressInfo).port);
  const baseUrl = `http://127.0.0.1:${relay.port}`;
  const transport = createTransport({ baseUrl, protocol, httpVersion: "2", observers: [ends.observer] });
  closing.push(async () => {
    await transport.close();
    await relay.close();
    server.close();
  });
  const client = createClient(GreetService, transport);
  return { client, sessions, relay, ends, wake: nap.resolve, asleep: begun.promise };
}

describe.each(["connect", "grpc", "grpc-web"] as const)("GOAWAY, %s", (protocol) => {
  test("a call that the server still serves comes to its end; the next one takes another connection", async () => {
    const on = await stage(protocol);
    const slow = on.client.greet({ name: "sleep" });
    await on.asleep;
    on.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, 1);
    // The client has seen it when its next call goes elsewhere.
    let calls = 1;
    for (; on.sessions.length === 1; calls++) await codeOf(on.client.greet({}));
    on.wake();
    expect((await slow).greeting).toBe("slept");
    await on.ends.reach(calls);
    expect(on.ends.all).toHaveLength(calls);
    expect(on.ends.codes.at(-1)).toBe("ok");
  });

  test("a call that goes with the connection is told that the server was shutting down", async () => {
    const on = await stage(protocol);
    const slow = on.client.greet({ name: "sleep" }).catch((reason: unknown) => reason as RpcError);
    await on.asleep;
    on.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, 1);
    while (on.sessions.length === 1) await codeOf(on.client.greet({}));
    on.relay.cut();
    expect(await slow).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/ is shutting down, and cut this request \(GOAWAY NO_ERROR\)$/),
    });
    on.wake();
  });

  test("a call above the last that the server takes goes over another connection, and is one call", async () => {
    const on = await stage(protocol);
    const slow = on.client.greet({ name: "sleep" });
    await on.asleep;
    // RFC 9113 section 6.8: the last stream is 0, none was processed. Node's own server cannot say so.
    on.relay.inject(new Uint8Array([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    on.wake();
    expect((await slow).greeting).toBe("slept");
    expect(on.relay.accepted).toBe(2);
    expect((await on.client.greet({})).greeting).toBe("quick");
    await on.ends.reach(2);
    expect(on.ends.codes).toEqual(["ok", "ok"]);
  });

  test("on an idle connection it disturbs nobody", async () => {
    const on = await stage(protocol);
    await on.client.greet({});
    on.sessions[0]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too many pings"));
    // What is sent before the client has seen it may be refused, and nothing else happens.
    for (let code = ""; on.sessions.length === 1 || code !== "ok";) {
      code = await codeOf(on.client.greet({}));
      expect(["ok", "unavailable"]).toContain(code);
    }
    expect(on.sessions).toHaveLength(2);
  });
});
