import { create, toBinary } from "@bufbuild/protobuf";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createClient, createTransport } from "@millrace/node";
import type { CallOptions } from "@millrace/node";
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { GreetRequestSchema } from "../../gen/greet/v1/greet_pb.ts";
import { envelope, RawCall } from "../../packages/core/test/support/raw-call.ts";
import { fakeClock, pass } from "../support/fake-clock.ts";
import { steady } from "../support/quiet.ts";
import { connectorOf, lanes } from "./support/carriages.ts";
import type { Lane } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live, never, turn } from "./support/life.ts";

expectNothingUnhandled();

const message = toBinary(GreetRequestSchema, create(GreetRequestSchema, { name: "Ada" }));

/** The head and the body of a request with a deadline that its client then ignores. */
function request(
  { protocol }: Lane,
  kind: "unary" | "stream",
  ms: number,
): { fields: string[]; body: Uint8Array } {
  if (protocol !== "connect") {
    return {
      fields: ["content-type", `application/${protocol}`, "te", "trailers", "grpc-timeout", `${ms}m`],
      body: envelope(message),
    };
  }
  return kind === "unary"
    ? { fields: ["content-type", "application/proto", "connect-timeout-ms", String(ms)], body: message }
    : {
        fields: ["content-type", "application/connect+proto", "connect-timeout-ms", String(ms)],
        body: envelope(message),
      };
}

function statusOf(call: RawCall): string | undefined {
  const code = call.field("grpc-status") ?? /grpc-status: (\d+)/.exec(call.text)?.[1];
  if (code !== undefined) return code === "4" ? "deadline_exceeded" : code;
  return /"code":"([a-z_]+)"/.exec(call.text)?.[1];
}

describe.each(lanes)("the server enforces the deadline itself: %s", (_, lane) => {
  fakeClock();

  test("a unary call whose client ignores its deadline is answered deadline_exceeded, its signal aborted", async () => {
    const begun = Promise.withResolvers<void>();
    const reasons: unknown[] = [];
    const on = await live(lane, {
      greet: (_request, call) => {
        begun.resolve();
        call.signal.addEventListener("abort", () =>
          reasons.push((call.signal.reason as { code: string }).code),
        );
        return never();
      },
    });
    const { fields, body } = request(lane, "unary", 20);
    const call = new RawCall(connectorOf(on.transport), "/greet.v1.GreetService/Greet", fields, body);
    await begun.promise;
    pass(20);
    await call.closedDelivered;
    expect(statusOf(call)).toBe("deadline_exceeded");
    expect(reasons).toEqual(["deadline_exceeded"]);
    await on.serverEnds.reach(1);
    expect(on.serverEnds.codes).toEqual(["deadline_exceeded"]);
  });

  test("a stream whose head has left ends with deadline_exceeded", async () => {
    const left = Promise.withResolvers<void>();
    const on = await live(lane, {
      async *watch(_request, call) {
        try {
          yield { greeting: "first" };
          await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
        } finally {
          left.resolve();
        }
      },
    });
    const { fields } = request(lane, "stream", 30);
    const call = new RawCall(
      connectorOf(on.transport),
      "/greet.v1.GreetService/Watch",
      fields,
      envelope(new Uint8Array(0)),
      () => pass(30),
    );
    await Promise.all([call.closedDelivered, left.promise]);
    expect(call.status).toBe(200);
    expect(statusOf(call)).toBe("deadline_exceeded");
    await on.serverEnds.reach(1);
    expect(on.serverEnds.all.map(({ code, delivered }) => [code, delivered])).toEqual([
      ["deadline_exceeded", true],
    ]);
  });

  test("a request that never ends is answered at the deadline", async () => {
    const begun = Promise.withResolvers<void>();
    const on = await live(lane, {
      collect: () => {
        begun.resolve();
        return never();
      },
    });
    const { fields } = request(lane, "stream", 30);
    const call = new RawCall(connectorOf(on.transport), "/greet.v1.GreetService/Collect", fields, undefined);
    call.exchange.write(envelope(message).subarray(0, 7));
    await begun.promise;
    pass(30);
    await call.answered;
    expect(statusOf(call)).toBe("deadline_exceeded");
    call.reset();
    // For so long a server may read on behind its answer.
    pass(1_000);
    await on.serverEnds.reach(1);
    expect(on.serverEnds.codes).toEqual(["deadline_exceeded"]);
  });

  if (lane.carriage.sockets && lane.knowsDelivery) {
    test("a reply behind a shut window is reset at the deadline, and keeps its code", async () => {
      // More than the kernel's buffers hold on the way; over HTTP/2 more than the stream's window is enough.
      const bytes = lane.carriage.http === "2" ? 2_000_000 : 30_000_000;
      const begun = Promise.withResolvers<void>();
      const on = await live(lane, {
        greet: () => {
          begun.resolve();
          return { greeting: "x".repeat(bytes) };
        },
      });
      const { fields, body } = request(lane, "unary", 200);
      const call = new RawCall(connectorOf(on.transport), "/greet.v1.GreetService/Greet", fields, body);
      call.exchange.pause();
      await begun.promise;
      await turn();
      pass(200);
      await on.serverEnds.reach(1);
      expect(on.serverEnds.all.map(({ code, delivered }) => [code, delivered])).toEqual([["ok", false]]);
      call.exchange.resume();
      expect(await call.closedDelivered).toBe(false);
      expect(call.events).not.toContain("end");
      expect(["reset", "truncated"]).toContain(call.faulted?.kind);
      if (lane.carriage.http === "2") expect(call.faulted?.h2).toBe(ErrorCode.CANCEL);
    });
  }
});

describe.each(lanes)("the client's deadline holds over connect, send and receive: %s", (_, lane) => {
  fakeClock();

  test("while the server works", async () => {
    const begun = Promise.withResolvers<void>();
    const on = await live(lane, {
      greet: () => {
        begun.resolve();
        return never();
      },
    });
    const outcome = codeOf(on.client.greet({}, { timeoutMs: 20 }));
    await begun.promise;
    pass(20);
    expect(await outcome).toBe("deadline_exceeded");
    await on.serverEnds.reach(1);
  });

  test("between the messages of a stream", async () => {
    const on = await live(lane, {
      async *watch() {
        yield { greeting: "first" };
        await never();
      },
    });
    const stream = on.client.watch({}, { timeoutMs: 80 });
    expect((await stream.receive())?.greeting).toBe("first");
    const outcome = codeOf(stream.receive());
    pass(80);
    expect(await outcome).toBe("deadline_exceeded");
  });

  test("while send() waits for room", async () => {
    const on = await live(lane, { collect: never });
    const call = on.client.collect({ timeoutMs: 100 });
    let sent = 0;
    const sending = (async () => {
      for (;;) {
        await call.send({ name: "x".repeat(100_000) });
        sent++;
      }
    })();
    const outcome = codeOf(sending);
    // Until the buffers on the way are full.
    await steady(() => sent);
    pass(100);
    expect(await outcome).toBe("deadline_exceeded");
    expect(await codeOf(call.finish())).toBe("deadline_exceeded");
  });
});

const kinds: readonly (readonly [
  string,
  (client: GreetServiceClient, options: CallOptions) => Promise<unknown>,
])[] = [
  ["a unary call", (client, options) => client.greet({}, options)],
  ["a server stream", (client, options) => client.watch({}, options).receive()],
  ["a client stream", (client, options) => client.collect(options).headers],
];

describe.each([
  ["1.1", "connect"],
  ["1.1", "grpc-web"],
  ["2", "connect"],
  ["2", "grpc"],
  ["2", "grpc-web"],
] as const)(
  "the client's deadline holds on a connection that never answers: HTTP/%s, %s",
  (httpVersion, protocol) => {
    fakeClock();

    test.each(kinds)("a server that accepts and says nothing, %s", async (_kind, call) => {
      const accepted = Promise.withResolvers<Socket>();
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => accepted.resolve(socket));
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await using transport = createTransport({ baseUrl, protocol, httpVersion });
      const outcome = codeOf(call(createClient(GreetService, transport), { timeoutMs: 30 }));
      const socket = await accepted.promise;
      pass(30);
      expect(await outcome).toBe("deadline_exceeded");
      socket.destroy();
      server.close();
    });
  },
);
