import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@millrace/core";
import type { Interceptor, Protocol } from "@millrace/core";
import { connectTransport, memoryConnector } from "@millrace/core/host";
import { ErrorCode } from "@millrace/exchange";
import type { ClientSink, Connector, Exchange, ServerExchange } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { GreetRequestSchema } from "../../../../gen/greet/v1/greet_pb.ts";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { envelope, RawCall } from "../support/raw-call.ts";
import { codeOf, partsFor, protocols, quiet, stage } from "../support/stage.ts";

const payload = toBinary(GreetRequestSchema, create(GreetRequestSchema, { name: "Ada" }));
const never = (): Promise<never> => new Promise(() => {});

/** What a client of a protocol sends with a deadline of 100 ms, which it then ignores. */
const requests: Record<Protocol, { unary: string[]; stream: string[]; body: Uint8Array }> = {
  connect: {
    unary: ["content-type", "application/proto", "connect-timeout-ms", "100"],
    stream: ["content-type", "application/connect+proto", "connect-timeout-ms", "100"],
    body: payload,
  },
  grpc: {
    unary: ["content-type", "application/grpc", "grpc-timeout", "100m"],
    stream: ["content-type", "application/grpc", "grpc-timeout", "100m"],
    body: envelope(payload),
  },
  "grpc-web": {
    unary: ["content-type", "application/grpc-web", "grpc-timeout", "100000u"],
    stream: ["content-type", "application/grpc-web", "grpc-timeout", "100000u"],
    body: envelope(payload),
  },
};

function statusOf(call: RawCall): string | undefined {
  const code = call.field("grpc-status") ?? /grpc-status: (\d+)/.exec(call.text)?.[1];
  if (code !== undefined) return code === "4" ? "deadline_exceeded" : code;
  return /"code":"([a-z_]+)"/.exec(call.text)?.[1];
}

describe.each(protocols)("the server enforces the deadline itself, %s", (protocol) => {
  const { unary, stream, body } = requests[protocol];

  test("a unary call whose client ignores its deadline is answered deadline_exceeded, its signal aborted", async () => {
    let signal: AbortSignal | undefined;
    const on = stage(
      {
        greet: (_, call) => {
          ({ signal } = call);
          return never();
        },
      },
      { protocol },
    );
    const call = new RawCall(on.connector, "/greet.v1.GreetService/Greet", unary, body);
    await quiet();
    on.host.advance(99);
    await quiet();
    expect(signal?.aborted).toBe(false);
    expect(call.events).toEqual(["sent"]);
    on.host.advance(1);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ code: "deadline_exceeded" });
    await quiet();
    expect(statusOf(call)).toBe("deadline_exceeded");
    if (protocol === "connect") expect(call.status).toBe(504);
    expect(call.events.at(-1)).toBe("closed");
    expect(on.serverEnds).toMatchObject([{ code: "deadline_exceeded", delivered: true }]);
    expect(on.host.timers).toBe(0);
  });

  test("a stream whose head has left ends with deadline_exceeded, and its generator is returned", async () => {
    const finished = Promise.withResolvers<void>();
    const on = stage(
      {
        async *watch(_, call) {
          try {
            yield { greeting: "first" };
            await new Promise((_resolve, reject) => {
              call.signal.addEventListener("abort", () => reject(call.signal.reason as Error));
            });
          } finally {
            finished.resolve();
          }
        },
      },
      { protocol },
    );
    const call = new RawCall(
      on.connector,
      "/greet.v1.GreetService/Watch",
      stream,
      envelope(new Uint8Array(0)),
    );
    await quiet();
    expect(call.status).toBe(200);
    on.host.advance(100);
    await finished.promise;
    await quiet();
    expect(statusOf(call)).toBe("deadline_exceeded");
    expect(on.serverEnds).toMatchObject([{ code: "deadline_exceeded", delivered: true }]);
    expect(on.host.timers).toBe(0);
  });

  test("a request that never ends is answered at the deadline", async () => {
    const on = stage({ greet: () => ({}) }, { protocol });
    const call = new RawCall(on.connector, "/greet.v1.GreetService/Greet", unary, undefined);
    call.exchange.write(body.subarray(0, 3));
    await quiet();
    on.host.advance(100);
    await quiet();
    expect(statusOf(call)).toBe("deadline_exceeded");
    expect(on.serverEnds).toMatchObject([{ code: "deadline_exceeded" }]);
  });

  test("a stream behind a shut window is reset when the word of its deadline does not get through", async () => {
    let returned = false;
    const on = stage(
      {
        async *watch() {
          try {
            for (;;) yield { greeting: "x".repeat(100) };
          } finally {
            returned = true;
          }
        },
      },
      { protocol, memory: { window: 1000 } },
    );
    const call = new RawCall(
      on.connector,
      "/greet.v1.GreetService/Watch",
      stream,
      envelope(new Uint8Array(0)),
      () => call.exchange.pause(),
    );
    await quiet();
    on.host.advance(100);
    await quiet();
    expect(returned).toBe(true);
    on.host.advance(1000);
    await quiet();
    // In memory the window holds back bytes, and trailers are none.
    expect(on.serverEnds).toMatchObject([{ code: "deadline_exceeded", delivered: protocol === "grpc" }]);
    expect(on.host.timers).toBe(0);
  });
});

/** A connector of a connection that is dead: nothing ever comes of what is opened. */
class DeadConnector implements Connector {
  readonly caps = { http: "2", trailers: true, request: "full", resets: true, duplicates: true } as const;
  readonly resets: number[] = [];

  open(_head: unknown, _body: unknown, _hints: unknown, sink: ClientSink): Exchange {
    return {
      pause() {},
      resume() {},
      write: () => false,
      reserve: () => null,
      commit: () => false,
      flush() {},
      end() {},
      reset: (h2) => {
        this.resets.push(h2);
        queueMicrotask(() => sink.closed(false));
      },
    };
  }

  async close(): Promise<void> {}
}

/** A connector that answers at once and in full, and never gets the request off its hands. */
class StuckConnector extends DeadConnector {
  readonly #protocol: Protocol;

  constructor(protocol: Protocol) {
    super();
    this.#protocol = protocol;
  }

  override open(head: unknown, body: unknown, hints: unknown, sink: ClientSink): Exchange {
    const type = this.#protocol === "connect" ? "application/proto" : `application/${this.#protocol}+proto`;
    const chunks = {
      connect: new Uint8Array(0),
      grpc: envelope(new Uint8Array(0)),
      "grpc-web": Buffer.concat([
        envelope(new Uint8Array(0)),
        envelope(new TextEncoder().encode("grpc-status: 0\r\n"), 0x80),
      ]),
    };
    queueMicrotask(() => {
      sink.sent({ address: "stuck", tls: false, certificate: () => null }, this.caps);
      sink.head(200, { fields: ["content-type", type], memo: undefined });
      sink.data(chunks[this.#protocol], 0, chunks[this.#protocol].length);
      sink.end(this.#protocol === "grpc" ? ["grpc-status", "0"] : null);
    });
    return super.open(head, body, hints, sink);
  }
}

describe.each(protocols)("the client's deadline holds over connect, send and receive, %s", (protocol) => {
  const dead = () => {
    const host = new FakeHost();
    const connector = new DeadConnector();
    const transport = connectTransport(partsFor(host, connector, protocol), {});
    return { host, connector, client: createClient(GreetService, transport) };
  };

  test("on a connection that never answers", async () => {
    const { host, connector, client } = dead();
    const code = codeOf(client.greet({}, { timeoutMs: 50 }));
    await quiet();
    host.advance(50);
    expect(await code).toBe("deadline_exceeded");
    expect(connector.resets).toEqual([8]);
    await quiet();
    expect(host.timers).toBe(0);
  });

  test("while send() waits for room", async () => {
    const { host, connector, client } = dead();
    const call = client.collect({ timeoutMs: 50 });
    const code = codeOf(call.send({ name: "Ada" }));
    await quiet();
    host.advance(50);
    expect(await code).toBe("deadline_exceeded");
    expect(await codeOf(call.finish())).toBe("deadline_exceeded");
    expect(await codeOf(call.headers)).toBe("deadline_exceeded");
    expect(connector.resets).toEqual([8]);
  });

  test("while a server goes on with a stream", async () => {
    const on = stage(
      {
        async *watch() {
          yield { greeting: "first" };
          await never();
        },
      },
      { protocol },
    );
    const stream = on.client.watch({}, { timeoutMs: 50 });
    expect(await stream.receive()).toMatchObject({ greeting: "first" });
    const code = codeOf(stream.receive());
    on.host.advance(50);
    expect(await code).toBe("deadline_exceeded");
    expect(await codeOf(stream.trailers)).toBe("deadline_exceeded");
  });

  test.each([
    ["without interceptors", undefined],
    ["with interceptors", [((call, next) => next(call)) satisfies Interceptor]],
  ])("behind a whole reply, while the request is still being flushed, %s", async (_, interceptors) => {
    const host = new FakeHost();
    const connector = new StuckConnector(protocol);
    const transport = connectTransport(partsFor(host, connector, protocol), { interceptors });
    const client = createClient(GreetService, transport);
    expect((await client.greet({ name: "x" }, { timeoutMs: 50 })).greeting).toBe("");
    await quiet();
    expect(connector.resets).toEqual([]);
    expect(host.timers).toBe(1);
    host.advance(50);
    expect(connector.resets).toEqual([8]);
    await quiet();
    expect(host.timers).toBe(0);
  });

  test("a timeout that has passed already sends nothing", async () => {
    const { connector, client, host } = dead();
    expect(await codeOf(client.greet({}, { timeoutMs: 0 }))).toBe("deadline_exceeded");
    expect(await codeOf(client.greet({}, { timeoutMs: -5 }))).toBe("deadline_exceeded");
    expect(connector.resets).toEqual([]);
    expect(host.timers).toBe(0);
  });
});

test("a peer's reset at the deadline is deadline_exceeded, before it canceled", async () => {
  const host = new FakeHost();
  const exchanges: ServerExchange[] = [];
  const connector = memoryConnector((exchange) => {
    exchanges.push(exchange);
    return { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
  }, host);
  const client = createClient(GreetService, connectTransport(partsFor(host, connector, "grpc"), {}));
  const early = codeOf(client.greet({}, { timeoutMs: 50 }));
  const late = codeOf(client.greet({}, { timeoutMs: 50 }));
  await quiet();
  exchanges[0]?.reset(ErrorCode.CANCEL);
  expect(await early).toBe("canceled");
  host.lag(50);
  exchanges[1]?.reset(ErrorCode.CANCEL);
  expect(await late).toBe("deadline_exceeded");
});
