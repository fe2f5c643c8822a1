import { create, toBinary } from "@bufbuild/protobuf";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createClient, createTransport } from "@millrace/node";
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { GreetRequestSchema } from "../../gen/greet/v1/greet_pb.ts";
import { envelope, RawCall } from "../../packages/core/test/support/raw-call.ts";
import { connectorOf, lanes } from "./support/carriages.ts";
import type { Lane } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live, never } from "./support/life.ts";

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
  test("a unary call whose client ignores its deadline is answered deadline_exceeded, its signal aborted", async () => {
    const reasons: unknown[] = [];
    const on = await live(lane, {
      greet: (_request, call) => {
        call.signal.addEventListener("abort", () =>
          reasons.push((call.signal.reason as { code: string }).code),
        );
        return never();
      },
    });
    const { fields, body } = request(lane, "unary", 20);
    const call = new RawCall(connectorOf(on.transport), "/greet.v1.GreetService/Greet", fields, body);
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
    const on = await live(lane, { collect: never });
    const { fields } = request(lane, "stream", 30);
    const call = new RawCall(connectorOf(on.transport), "/greet.v1.GreetService/Collect", fields, undefined);
    call.exchange.write(envelope(message).subarray(0, 7));
    await call.answered;
    expect(statusOf(call)).toBe("deadline_exceeded");
    call.reset();
    await on.serverEnds.reach(1);
    expect(on.serverEnds.codes).toEqual(["deadline_exceeded"]);
  });

  if (lane.carriage.sockets && lane.knowsDelivery) {
    test("a reply behind a shut window is reset at the deadline, and keeps its code", async () => {
      // More than the kernel's buffers hold on the way; over HTTP/2 more than the stream's window is enough.
      const bytes = lane.carriage.http === "2" ? 2_000_000 : 30_000_000;
      const on = await live(lane, { greet: () => ({ greeting: "x".repeat(bytes) }) });
      const { fields, body } = request(lane, "unary", 200);
      const call = new RawCall(connectorOf(on.transport), "/greet.v1.GreetService/Greet", fields, body);
      call.exchange.pause();
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
  test("while the server works", async () => {
    let started = 0;
    const on = await live(lane, {
      greet: () => {
        started++;
        return never();
      },
    });
    // Under load a short one passes before the server has seen the call: then a longer one.
    for (let ms = 20; started === 0; ms *= 2)
      expect(await codeOf(on.client.greet({}, { timeoutMs: ms }))).toBe("deadline_exceeded");
    await on.serverEnds.reach(started);
  });

  test("between the messages of a stream", async () => {
    const on = await live(lane, {
      async *watch() {
        yield { greeting: "first" };
        await never();
      },
    });
    let received = 0;
    for (let ms = 80; received === 0; ms *= 2) {
      const stream = on.client.watch({}, { timeoutMs: ms });
      const reading = (async () => {
        for await (const _ of stream) received++;
      })();
      expect(await codeOf(reading)).toBe("deadline_exceeded");
    }
    expect(received).toBe(1);
  });

  test("while send() waits for room", async () => {
    const on = await live(lane, { collect: never });
    const call = on.client.collect({ timeoutMs: 100 });
    const sending = (async () => {
      for (;;) await call.send({ name: "x".repeat(100_000) });
    })();
    expect(await codeOf(sending)).toBe("deadline_exceeded");
    expect(await codeOf(call.finish())).toBe("deadline_exceeded");
  });
});

describe.each([
  ["1.1", "connect"],
  ["1.1", "grpc-web"],
  ["2", "connect"],
  ["2", "grpc"],
  ["2", "grpc-web"],
] as const)(
  "the client's deadline holds on a connection that never answers: HTTP/%s, %s",
  (httpVersion, protocol) => {
    test("a server that accepts and says nothing", async () => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await using transport = createTransport({ baseUrl, protocol, httpVersion });
      const client = createClient(GreetService, transport);
      expect(await codeOf(client.greet({}, { timeoutMs: 30 }))).toBe("deadline_exceeded");
      expect(await codeOf(client.watch({}, { timeoutMs: 30 }).receive())).toBe("deadline_exceeded");
      const upload = client.collect({ timeoutMs: 30 });
      expect(await codeOf(upload.headers)).toBe("deadline_exceeded");
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  },
);
