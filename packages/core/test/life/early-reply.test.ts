import { RpcError } from "@millrace/core";
import type { Interceptor } from "@millrace/core";
import { describe, expect, test } from "vitest";
import { counts, countingConnector } from "../support/counting-connector.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";

const passes: Interceptor = (call, next) => next(call);

describe.each(protocols)("a handler that ends early while the client uploads, %s", (protocol) => {
  describe.each([
    ["without interceptors", undefined],
    ["with interceptors", [passes]],
  ])("%s", (_, interceptors) => {
    const options = { protocol, transport: { interceptors } };

    test("the client gets the reply whole, and send() gives false", async () => {
      const on = stage(
        {
          async collect(requests, call) {
            await requests.receive();
            call.responseTrailers.set("why", "enough");
            return { count: 1n };
          },
        },
        options,
      );
      const call = on.client.collect();
      let sent = 0;
      while (await call.send({ name: "x".repeat(1000) })) {
        sent++;
        if (sent % 10 === 0) await quiet();
        if (sent > 10_000) break;
      }
      expect(sent).toBeLessThan(1000);
      const { response, trailers } = await call.finish().withMetadata();
      expect(response.count).toBe(1n);
      expect(trailers.get("why")).toBe("enough");
      expect(await call.send({})).toBe(false);
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
      expect(on.serverEnds.map(({ code, delivered }) => [code, delivered])).toEqual([["ok", true]]);
      expect(on.host.timers).toBe(0);
    });

    test("sends that wait for room are told", async () => {
      const go = Promise.withResolvers<{ count: bigint }>();
      const on = stage({ collect: () => go.promise }, { ...options, memory: { drainBytes: 0 } });
      const call = on.client.collect();
      const sends = Array.from({ length: 100 }, () => call.send({ name: "x".repeat(10_000) }));
      await quiet();
      go.resolve({ count: 7n });
      const rooms = await Promise.all(sends);
      expect(rooms[0]).toBe(true);
      expect(rooms.slice(rooms.indexOf(false)).every((room) => !room)).toBe(true);
      expect(rooms.at(-1)).toBe(false);
      expect((await call.finish()).count).toBe(7n);
    });

    test("an error is whole too, and send() rejects with it", async () => {
      const on = stage(
        {
          async collect(requests) {
            await requests.receive();
            throw new RpcError("failed_precondition", "no more", { metadata: { "x-why": "full" } });
          },
        },
        options,
      );
      const call = on.client.collect();
      await call.send({});
      await quiet();
      await expect(call.send({})).rejects.toMatchObject({ code: "failed_precondition", message: "no more" });
      const error = (await call.finish().catch((reason: unknown) => reason)) as RpcError;
      expect(error.metadata.get("x-why")).toBe("full");
    });

    test("a bidi stream that ends early ends the upload of a sequence, and returns its generator", async () => {
      let left = false;
      const on = stage(
        {
          async *chat(requests) {
            for await (const { name } of requests) {
              yield { greeting: name };
              return;
            }
          },
        },
        options,
      );
      const endless = async function* (): AsyncGenerator<{ name: string }> {
        try {
          for (;;) yield { name: "more" };
        } finally {
          left = true;
        }
      };
      const greetings: string[] = [];
      for await (const { greeting } of on.client.chat(endless())) greetings.push(greeting);
      expect(greetings).toEqual(["more"]);
      await quiet();
      expect(left).toBe(true);
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
    });
  });

  test("where one exchange can be reset without its siblings, the upload is", async () => {
    const seen = counts();
    const on = stage({ collect: () => ({ count: 1n }) }, { protocol, wrap: countingConnector(seen) });
    const call = on.client.collect();
    await call.send({});
    await quiet();
    expect((await call.finish()).count).toBe(1n);
    expect(seen).toMatchObject({ resets: [8], ends: 0 });
  });

  if (protocol !== "grpc") {
    test("where a reset costs the connection, the upload is ended instead", async () => {
      const seen = counts();
      const caps = { http: "1.1", resets: false, request: "half", trailers: false } as const;
      const on = stage({ async *chat() {} }, { protocol, wrap: countingConnector(seen), memory: { caps } });
      const refused = on.client.chat();
      expect(await codeOf(refused.receive())).toBe("unimplemented");
      const early = stage(
        { collect: () => ({ count: 1n }) },
        {
          protocol,
          wrap: countingConnector(seen),
          memory: { caps: { http: "1.1", resets: false, trailers: false } },
        },
      );
      const call = early.client.collect();
      await call.send({});
      await quiet();
      expect((await call.finish()).count).toBe(1n);
      await quiet();
      expect(seen).toMatchObject({ resets: [], ends: 1 });
      expect(early.serverEnds.map(({ delivered }) => delivered)).toEqual([true]);
    });
  }
});
