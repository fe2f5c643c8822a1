import { RpcError } from "@millrace/node";
import { describe, expect, test } from "vitest";
import { lanes } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live } from "./support/life.ts";
import { run } from "./support/run.ts";

expectNothingUnhandled();

describe.each(lanes)("a handler that ends early while the client uploads: %s", (_, lane) => {
  test.each([
    ["small messages", 100],
    ["large messages", 100_000],
  ])(
    "the client gets the reply whole, send() gives false, and the connection serves the next call: %s",
    async (_size, bytes) => {
      const on = await live(lane, {
        async collect(requests, call) {
          call.responseHeaders.set("x-head", "h");
          await requests.receive();
          call.responseTrailers.set("x-trail", "t");
          return { count: 1n };
        },
        greet: () => ({ greeting: "next" }),
      });
      const call = on.client.collect();
      let sent = 0;
      while (await call.send({ name: "x".repeat(bytes) })) {
        sent++;
        // What is written in one turn alone is below every high-water mark there is.
        if (bytes < 1000) await new Promise((resolve) => setImmediate(resolve));
      }
      const { response, headers, trailers } = await call.finish().withMetadata();
      expect([response.count, headers.get("x-head"), trailers.get("x-trail")]).toEqual([1n, "h", "t"]);
      expect(await call.send({})).toBe(false);
      expect((await on.client.greet({})).greeting).toBe("next");
      await Promise.all([on.clientEnds.reach(2), on.serverEnds.reach(2)]);
      if (lane.carriage.http === "2" && lane.carriage.sockets) expect(on.site.connections()).toBe(1);
      await on.close();
      expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([
        ["ok", "ok"],
        ["ok", "ok"],
      ]);
      expect(sent).toBeGreaterThan(0);
    },
  );

  test("an upload that ends soon after costs HTTP/2 nothing, and HTTP/1.1 at most its connection", async () => {
    const replied = Promise.withResolvers<void>();
    const on = await live(lane, {
      async collect(requests) {
        await requests.receive();
        replied.resolve();
        return { count: 1n };
      },
    });
    for (let i = 0; i < 3; i++) {
      const call = on.client.collect();
      await call.send({ name: "once" });
      await replied.promise;
      expect((await call.finish()).count).toBe(1n);
    }
    await on.serverEnds.reach(3);
    if (lane.carriage.sockets && lane.carriage.http === "2") expect(on.site.connections()).toBe(1);
  });

  test("an error is whole too", async () => {
    const on = await live(lane, {
      async collect(requests) {
        await requests.receive();
        throw new RpcError("failed_precondition", "no more", { metadata: { "x-why": "full" } });
      },
    });
    const call = on.client.collect();
    const upload = (async () => {
      for (;;) if (!(await call.send({ name: "x".repeat(50_000) }))) return;
    })();
    expect(await codeOf(upload)).toBe("failed_precondition");
    const error = (await call.finish().catch((reason: unknown) => reason)) as RpcError;
    expect([error.code, error.message, error.metadata.get("x-why")]).toEqual([
      "failed_precondition",
      "no more",
      "full",
    ]);
  });

  test("a sequence that is being uploaded is returned", async () => {
    const left = Promise.withResolvers<void>();
    const on = await live(lane, {
      async collect(requests) {
        await requests.receive();
        return { count: 1n };
      },
    });
    const endless = async function* (): AsyncGenerator<{ name: string }> {
      try {
        for (;;) yield { name: "x".repeat(10_000) };
      } finally {
        left.resolve();
      }
    };
    expect((await on.client.collect(endless())).count).toBe(1n);
    await left.promise;
  });
});

test("a client of node:http2 lives through uploads that are answered before they are read", async () => {
  const twenty = Array.from({ length: 20 }, () => 7);
  const counts = await run(new URL("programs/early-reply.ts", import.meta.url), []);
  expect(counts).toEqual({ connect: twenty, grpc: twenty, "grpc-web": twenty });
});
