import type { Protocol } from "@millrace/core";
import { describe, expect, test, vi } from "vitest";
import { MemoryBudget } from "../../src/call/memory-budget.ts";
import { envelope, RawCall } from "../support/raw-call.ts";
import { watchBudgets } from "../support/budget-watch.ts";
import { codeOf, partsFor, protocols, quiet, stage } from "../support/stage.ts";
import { createClient } from "@millrace/core";
import { connectTransport, memoryConnector } from "@millrace/core/host";
import { FakeHost } from "../support/fake-host.ts";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { plainCompression } from "../support/fake-compression.ts";

const gzip = plainCompression("gzip");
const text = new TextEncoder();

const budgets = watchBudgets();

describe.each(protocols)("memory is bounded both ways, whatever the peer's speed, %s", (protocol) => {
  test.each([
    ["small messages", 100, 3000],
    ["large messages", 30_000, 200],
  ])("a client that never reads pauses the generator: %s", async (_size, bytes, total) => {
    let produced = 0;
    const on = stage(
      {
        async *watch() {
          for (; produced < total; produced++) yield { greeting: "x".repeat(bytes) };
        },
      },
      { protocol },
    );
    const stream = on.client.watch({});
    await quiet();
    // Its queue, a window of the carriage and the message that waits for room.
    const bound = Math.min(64, Math.ceil((256 * 1024) / bytes)) + Math.ceil(65_535 / bytes) + 2;
    expect(produced).toBeLessThanOrEqual(Math.min(bound, total - 1));
    let received = 0;
    for await (const { greeting } of stream) if (greeting.length === bytes) received++;
    expect(received).toBe(total);
  });

  test.each([
    ["small messages", 100, 3000],
    ["large messages", 30_000, 200],
  ])("a handler that never reads pauses send(): %s", async (_size, bytes, total) => {
    const go = Promise.withResolvers<void>();
    const on = stage(
      {
        async collect(requests) {
          await go.promise;
          let count = 0n;
          for await (const { name } of requests) if (name.length === bytes) count++;
          return { count };
        },
      },
      { protocol },
    );
    const call = on.client.collect();
    let sent = 0;
    const upload = (async () => {
      for (; sent < total; sent++) await call.send({ name: "x".repeat(bytes) });
    })();
    await quiet();
    const bound = Math.min(64, Math.ceil((256 * 1024) / bytes)) + Math.ceil(2 * (65_535 / bytes)) + 2;
    expect(sent).toBeLessThanOrEqual(Math.min(bound, total - 1));
    go.resolve();
    await upload;
    expect((await call.finish()).count).toBe(BigInt(total));
  });

  test("a handler that leaves its requests holds the sender back, until it ends", async () => {
    const go = Promise.withResolvers<void>();
    const on = stage(
      {
        async collect(requests) {
          for await (const _ of requests) break;
          await go.promise;
          return { count: 1n };
        },
      },
      { protocol },
    );
    const call = on.client.collect();
    let sent = 0;
    const upload = (async () => {
      while (sent < 1000 && (await call.send({ name: "x".repeat(10_000) }))) sent++;
    })();
    await quiet();
    expect(sent).toBeLessThan(50);
    go.resolve();
    await upload;
    expect(sent).toBeLessThan(200);
    expect((await call.finish()).count).toBe(1n);
  });

  test("an interceptor that maps a stream does not read ahead", async () => {
    let produced = 0;
    const on = stage(
      {
        async *watch() {
          for (; produced < 5000; produced++) yield { greeting: "x".repeat(1000) };
        },
      },
      {
        protocol,
        transport: { interceptors: [async (call, next) => (await next(call)).mapResponses((one) => one)] },
        app: { interceptors: [async (call, next) => (await next(call)).mapResponses((one) => one)] },
      },
    );
    const stream = on.client.watch({});
    await stream.receive();
    await quiet();
    expect(produced).toBeLessThan(200);
    stream.cancel();
  });
});

const types: Record<Protocol, { unary: string; stream: string }> = {
  connect: { unary: "application/proto", stream: "application/connect+proto" },
  grpc: { unary: "application/grpc", stream: "application/grpc" },
  "grpc-web": { unary: "application/grpc-web", stream: "application/grpc-web" },
};

describe.each(protocols)("nothing is allocated from a claimed length, %s", (protocol) => {
  test("a request's prefix that claims 4 MiB holds what has come, not what is claimed", async () => {
    const on = stage({ collect: () => new Promise(() => {}) }, { protocol });
    const claim = envelope(new Uint8Array(100), 0, 4 * 1024 * 1024);
    const call = new RawCall(
      on.connector,
      "/greet.v1.GreetService/Collect",
      ["content-type", types[protocol].stream],
      undefined,
    );
    call.exchange.write(claim);
    await quiet();
    expect(budgets.held).toBeGreaterThan(0);
    expect(budgets.peak).toBeLessThan(1024);
    call.reset();
    await quiet();
    expect(budgets.held).toBe(0);
  });

  test("a claim above the limit is refused before a byte of the message has come", async () => {
    const on = stage({ collect: () => new Promise(() => {}) }, { protocol });
    const call = new RawCall(
      on.connector,
      "/greet.v1.GreetService/Collect",
      ["content-type", types[protocol].stream],
      undefined,
    );
    call.exchange.write(envelope(new Uint8Array(0), 0, 0xffff_ffff));
    await quiet();
    expect(call.events).toContain("end");
    expect(on.serverEnds).toMatchObject([{ code: "resource_exhausted" }]);
    expect(on.serverEnds[0]?.error?.message).toContain("4294967295 bytes exceeds the limit of 4194304 bytes");
    expect(budgets.peak).toBe(0);
  });
});

/** What a message of `bytes` bytes looks like as a field of text: tag, length, text. */
function nameOf(bytes: number): string {
  const overhead = bytes - 2 < 128 ? 2 : bytes - 3 < 16_384 ? 3 : 4;
  return "x".repeat(bytes - overhead);
}

describe.each(protocols)(
  "a receive limit: equal passes, one byte more is resource_exhausted, %s",
  (protocol) => {
    const limit = 2000;
    const outcomes = [
      [limit, "ok"],
      [limit + 1, "resource_exhausted"],
    ] as const;

    describe.each([
      ["as they are", undefined],
      ["compressed", { send: "gzip", minBytes: 0 }],
      ["compressed off the loop", { send: "br", minBytes: 0 }],
    ])("messages %s", (_, compression) => {
      test.each(outcomes)("requests of %d bytes: %s", async (bytes, code) => {
        const on = stage(
          {
            greet: () => ({}),
            collect: async (requests) => ({ count: (await requests.receive()) ? 1n : 0n }),
          },
          { protocol, app: { maxReceiveBytes: limit }, transport: { compression } },
        );
        expect(await codeOf(on.client.greet({ name: nameOf(bytes) }))).toBe(code);
        const call = on.client.collect();
        void call.send({ name: nameOf(bytes) });
        expect(await codeOf(call.finish())).toBe(code);
        await quiet();
        expect(budgets.held).toBe(0);
      });

      test.each(outcomes)("responses of %d bytes: %s", async (bytes, code) => {
        const on = stage(
          {
            greet: () => ({ greeting: nameOf(bytes) }),
            async *watch() {
              yield { greeting: nameOf(bytes) };
            },
          },
          { protocol, app: { compression }, transport: { maxReceiveBytes: limit } },
        );
        expect(await codeOf(on.client.greet({}))).toBe(code);
        expect(await codeOf(on.client.watch({}).receive())).toBe(code);
        // Of one call alone.
        expect(await codeOf(on.client.greet({}, { maxReceiveBytes: bytes }))).toBe("ok");
        await quiet();
        expect(budgets.held).toBe(0);
      });

      test.each(outcomes)("a send limit, messages of %d bytes: %s", async (bytes, code) => {
        const on = stage(
          { greet: ({ name }) => ({ greeting: name }) },
          { protocol, transport: { compression, maxSendBytes: limit } },
        );
        expect(await codeOf(on.client.greet({ name: nameOf(bytes) }))).toBe(code);
      });
    });
  },
);

/** A client of a server that answers by hand. */
function clientOf(
  protocol: Protocol,
  answer: (reply: (status: number, fields: string[], body: Uint8Array) => void) => void,
  maxReceiveBytes: number,
) {
  const host = new FakeHost();
  const connector = memoryConnector((exchange) => {
    answer((status, fields, body) => exchange.reply(status, fields, body, null));
    return { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
  }, host);
  return createClient(
    GreetService,
    connectTransport(partsFor(host, connector, protocol), { maxReceiveBytes }),
  );
}

const padded = (json: string, bytes: number): Uint8Array => text.encode(json.padEnd(bytes));

describe("the receive limit holds for what ends a response too", () => {
  const limit = 500;
  const cases = [
    [limit, "aborted"],
    [limit + 1, "resource_exhausted"],
  ] as const;

  test.each(cases)("a Connect error body of %d bytes: %s", async (bytes, code) => {
    const body = padded('{"code":"aborted"}', bytes);
    const client = clientOf(
      "connect",
      (reply) => reply(409, ["content-type", "application/json"], body),
      limit,
    );
    expect(await codeOf(client.greet({}))).toBe(code);
  });

  test.each(cases)("a compressed Connect error body of %d bytes: %s", async (bytes, code) => {
    const body = gzip.pack(padded('{"code":"aborted"}', bytes), undefined) as Uint8Array;
    const fields = ["content-type", "application/json", "content-encoding", "gzip"];
    const client = clientOf("connect", (reply) => reply(409, fields, body), limit);
    expect(await codeOf(client.greet({}))).toBe(code);
  });

  test.each(cases)("an EndStream message of %d bytes: %s", async (bytes, code) => {
    const body = envelope(padded('{"error":{"code":"aborted"}}', bytes), 2);
    const client = clientOf(
      "connect",
      (reply) => reply(200, ["content-type", "application/connect+proto"], body),
      limit,
    );
    expect(await codeOf(client.watch({}).receive())).toBe(code);
  });

  test.each(cases)("a compressed EndStream message of %d bytes: %s", async (bytes, code) => {
    const packed = gzip.pack(padded('{"error":{"code":"aborted"}}', bytes), undefined) as Uint8Array;
    const fields = ["content-type", "application/connect+proto", "connect-content-encoding", "gzip"];
    const client = clientOf("connect", (reply) => reply(200, fields, envelope(packed, 3)), limit);
    expect(await codeOf(client.watch({}).receive())).toBe(code);
  });

  test.each(cases)("gRPC-Web trailers of %d bytes: %s", async (bytes, code) => {
    const block = text.encode("grpc-status: 10\r\nx: ".padEnd(bytes - 2, "y") + "\r\n");
    const fields = ["content-type", "application/grpc-web+proto"];
    const client = clientOf("grpc-web", (reply) => reply(200, fields, envelope(block, 0x80)), limit);
    expect(await codeOf(client.watch({}).receive())).toBe(code);
  });
});

test("calls of one server share a budget of incomplete messages, and the one that finds it used up fails", async () => {
  // Without a budget so small as a test can fill: 16 messages of 16 MiB are 256 MiB.
  const limit = 16 * 1024 * 1024;
  const on = stage(
    { collect: () => new Promise(() => {}) },
    { protocol: "grpc", app: { maxReceiveBytes: limit } },
  );
  const used = vi.spyOn(MemoryBudget.prototype, "take");
  used.mockImplementation(() => false);
  const call = on.client.collect();
  void call.send({ name: "x".repeat(20_000) });
  expect(await codeOf(call.finish())).toBe("resource_exhausted");
});
