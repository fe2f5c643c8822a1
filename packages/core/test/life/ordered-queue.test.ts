import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@millrace/core";
import type { Protocol } from "@millrace/core";
import { connectTransport, memoryConnector } from "@millrace/core/host";
import { ErrorCode } from "@millrace/exchange";
import type { ServerExchange } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { GreetReplySchema } from "../../../../gen/greet/v1/greet_pb.ts";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { counts, countingConnector } from "../support/counting-connector.ts";
import { plainCompression } from "../support/fake-compression.ts";
import { FakeHost } from "../support/fake-host.ts";
import { envelope } from "../support/raw-call.ts";
import { codeOf, partsFor, protocols, quiet, stage } from "../support/stage.ts";

const slow = { send: "br", minBytes: 0 };
const names = ["one", "two", "three", "four", "five"];

async function greetings(messages: AsyncIterable<{ greeting: string }>): Promise<string[]> {
  const list: string[] = [];
  for await (const { greeting } of messages) list.push(greeting);
  return list;
}

describe.each(protocols)("inbound is one ordered queue whose steps may be asynchronous, %s", (protocol) => {
  test("messages keep their order, and the end waits for its turn", async () => {
    const on = stage(
      {
        async *chat(requests) {
          for await (const { name } of requests) yield { greeting: name };
        },
      },
      { protocol, app: { compression: slow }, transport: { compression: slow } },
    );
    expect(await greetings(on.client.chat(names.map((name) => ({ name }))))).toEqual(names);
  });

  test("compressed and plain messages mixed keep their order", async () => {
    const mixed = ["s".repeat(10), "l".repeat(1000), "s".repeat(11), "l".repeat(1001), "s".repeat(12)];
    const compression = { send: "br", minBytes: 500 };
    const on = stage(
      {
        async *chat(requests) {
          for await (const { name } of requests) yield { greeting: name };
        },
      },
      { protocol, app: { compression }, transport: { compression } },
    );
    const call = on.client.chat();
    // None of them waits for the one before it.
    const sends = mixed.map((name) => call.send({ name }));
    call.closeSend();
    expect(await greetings(call)).toEqual(mixed);
    expect(await Promise.all(sends)).toEqual(mixed.map(() => true));
  });

  test("a step that takes long pauses the exchange, and holds up what is behind it", async () => {
    const seen = counts();
    const on = stage(
      {
        async *watch() {
          for (const name of names) yield { greeting: name };
        },
      },
      { protocol, app: { compression: slow }, wrap: countingConnector(seen) },
    );
    on.host.slow.hold();
    const reading = greetings(on.client.watch({}));
    // The server's packing, one by one; then the client's unpacking.
    for (let i = 0; i < 2 * names.length; i++) {
      await quiet();
      expect(on.host.slow.waiting).toBeGreaterThan(0);
      on.host.slow.release();
    }
    on.host.slow.releaseAll();
    expect(await reading).toEqual(names);
    expect(seen.pauses).toBeGreaterThan(0);
    await quiet();
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test("a single response that is unpacked off the loop comes before its status", async () => {
    const on = stage(
      {
        greet: (_, call) => {
          call.responseTrailers.set("x-trail", "t");
          return { greeting: "slow" };
        },
      },
      { protocol, app: { compression: slow }, transport: { compression: slow } },
    );
    const { response, trailers } = await on.client.greet({ name: "Ada" }).withMetadata();
    expect([response.greeting, trailers.get("x-trail")]).toEqual(["slow", "t"]);
  });

  test("the client's own cancellation does not wait: it discards what is queued", async () => {
    const on = stage(
      {
        async *watch() {
          for (const name of names) yield { greeting: name };
        },
      },
      { protocol, app: { compression: { send: "gzip", minBytes: 0 } } },
    );
    const stream = on.client.watch({});
    await stream.receive();
    await quiet();
    stream.cancel();
    expect(await codeOf(stream.receive())).toBe("canceled");
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test.each([
    ["cancellation", "canceled"],
    ["deadline", "deadline_exceeded"],
  ])("a %s of its own discards messages that nobody has taken yet", async (what, code) => {
    const on = stage(
      {
        async *watch() {
          for (const name of names) yield { greeting: name };
          await new Promise(() => {});
        },
      },
      { protocol },
    );
    const controller = new AbortController();
    const stream = on.client.watch({}, { timeoutMs: 100, signal: controller.signal });
    expect((await stream.receive())?.greeting).toBe("one");
    await quiet();
    if (what === "deadline") on.host.advance(100);
    else controller.abort();
    expect(await codeOf(stream.receive())).toBe(code);
    expect(await codeOf(stream.trailers)).toBe(code);
  });

  test("the deadline does not wait behind a step, and discards what is queued", async () => {
    const on = stage(
      {
        async *watch() {
          for (const name of names) yield { greeting: name };
          await new Promise(() => {});
        },
      },
      { protocol, app: { compression: slow } },
    );
    on.host.slow.hold();
    const stream = on.client.watch({}, { timeoutMs: 100 });
    await quiet();
    on.host.slow.release();
    await quiet();
    const first = codeOf(stream.receive());
    on.host.advance(100);
    expect(await first).toBe("deadline_exceeded");
    on.host.slow.releaseAll();
    expect(await codeOf(stream.receive())).toBe("deadline_exceeded");
    await quiet();
    expect(on.clientEnds).toHaveLength(1);
    expect(on.serverEnds).toHaveLength(1);
  });

  test("a client's cancellation reaches a handler past the requests that are queued for it", async () => {
    const codes: string[] = [];
    const on = stage(
      {
        async collect(requests, call) {
          await requests.receive();
          await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
          codes.push(await codeOf(requests.receive()));
          return {};
        },
      },
      { protocol },
    );
    const call = on.client.collect();
    for (const name of names) await call.send({ name });
    await quiet();
    call.cancel();
    await quiet();
    expect(codes).toEqual(["canceled"]);
  });

  test("a body that cannot be unpacked fails behind the messages in front of it", async () => {
    const host = new FakeHost();
    const client = clientOf(host, protocol, (exchange) => {
      exchange.respond(200, fieldsOf(protocol));
      exchange.write(message("one", true));
      exchange.write(envelope(new TextEncoder().encode("not compressed"), 1));
      exchange.write(message("three", true));
      exchange.flush();
    });
    const stream = client.watch({});
    expect((await stream.receive())?.greeting).toBe("one");
    expect(await codeOf(stream.receive())).toBe("internal");
  });

  test("a fault waits for its turn behind what was received before it", async () => {
    const host = new FakeHost();
    let exchange: ServerExchange | undefined;
    const client = clientOf(host, protocol, (given) => {
      exchange = given;
      given.respond(200, fieldsOf(protocol));
      for (const name of names) given.write(message(name, true));
      given.flush();
    });
    host.slow.hold();
    const stream = client.watch({});
    await quiet();
    exchange?.reset(ErrorCode.ENHANCE_YOUR_CALM);
    await quiet();
    host.slow.releaseAll();
    const read: string[] = [];
    const code = codeOf(
      (async () => {
        for await (const { greeting } of stream) read.push(greeting);
      })(),
    );
    expect(await code).toBe("resource_exhausted");
    expect(read).toEqual(names);
  });
});

/** A client of a server that answers by hand. */
function clientOf(host: FakeHost, protocol: Protocol, answer: (exchange: ServerExchange) => void) {
  const connector = memoryConnector((exchange) => {
    answer(exchange);
    return { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
  }, host);
  return createClient(GreetService, connectTransport(partsFor(host, connector, protocol), {}));
}

function fieldsOf(protocol: Protocol): string[] {
  return protocol === "connect"
    ? ["content-type", "application/connect+proto", "connect-content-encoding", "br"]
    : ["content-type", `application/${protocol}+proto`, "grpc-encoding", "br"];
}

function message(greeting: string, compressed: boolean): Uint8Array {
  const bytes = toBinary(GreetReplySchema, create(GreetReplySchema, { greeting }));
  return envelope(
    compressed ? (plainCompression("br").pack(bytes, undefined) as Uint8Array) : bytes,
    compressed ? 1 : 0,
  );
}

test("a peer's status follows what is queued in front of it: messages first, then the error", async () => {
  for (const protocol of protocols) {
    const on = stage(
      {
        async *watch() {
          for (const name of names) yield { greeting: name };
          throw new Error("then this");
        },
      },
      { protocol, app: { compression: slow } },
    );
    const stream = on.client.watch({});
    await quiet();
    const read: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const { greeting } of stream) read.push(greeting);
    };
    expect(await codeOf(reading())).toBe("unknown");
    expect(read).toEqual(names);
  }
});
