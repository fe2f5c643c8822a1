import { getEventListeners } from "node:events";
import type { Accept, ServerExchange, Sink } from "@millrace/exchange";
import { expect, test } from "vitest";
import { respondTo } from "../src/server/respond-to.ts";
import { endless } from "./endless.ts";

const deaf: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

/** The Response that this entry makes of a request with this body. */
async function responseOf(body: ReadableStream | null, accept: Accept): Promise<Response> {
  const request = new Request("http://host.test/path", { method: "POST", body, duplex: "half" });
  return (await respondTo(accept, request)) ?? expect.unreachable("it was accepted");
}

test("a body without a head is a mistake that the client sees break off", async () => {
  const response = await responseOf(null, (exchange) => {
    exchange.write(new Uint8Array(10));
    return deaf;
  });
  expect(response.status).toBe(500);
  await expect(response.arrayBuffer()).rejects.toBe("the call has ended");
});

test("what is read on behind a reply is counted from the reply", async () => {
  const { body, canceled, pulled } = endless();
  let before = 0;
  await responseOf(body, (exchange) => ({
    ...deaf,
    data: (_, start, end) => {
      before += end - start;
      if (before === 4 * 65_536) exchange.reply(200, [], null, null);
    },
  }));
  await canceled;
  expect(pulled()).toBe(4 * 65_536 + 262_144 + 65_536);
});

test("a pause holds up nothing of what is read on behind a reply", async () => {
  const { body, canceled, pulled } = endless();
  await responseOf(body, (exchange: ServerExchange) => {
    exchange.reply(200, [], null, null);
    queueMicrotask(() => exchange.pause());
    return deaf;
  });
  await canceled;
  expect(pulled()).toBe(262_144 + 65_536);
});

test.each([204, 205, 304])(
  "a response that may have no body has none, whatever is written: %i",
  async (status) => {
    for (const answer of [
      (exchange: ServerExchange) => exchange.reply(status, [], new Uint8Array(10), null),
      (exchange: ServerExchange) => {
        exchange.respond(status, []);
        exchange.write(new Uint8Array(10));
        exchange.end(null);
      },
    ]) {
      const closed = Promise.withResolvers<boolean>();
      const response = await responseOf(null, (exchange) => {
        answer(exchange);
        return { ...deaf, closed: closed.resolve };
      });
      expect([response.status, response.body, await closed.promise]).toEqual([status, null, true]);
    }
  },
);

test("nothing is left on the request's signal when the exchange is closed", async () => {
  const request = new Request("http://host.test/path", { method: "POST", body: "x" });
  const listeners = (): number => getEventListeners(request.signal, "abort").length;
  const before = listeners();
  const closed = Promise.withResolvers<boolean>();
  let during = 0;
  await respondTo(
    (exchange) => ({
      ...deaf,
      end() {
        during = listeners();
        exchange.reply(200, [], null, null);
      },
      closed: closed.resolve,
    }),
    request,
  );
  await closed.promise;
  expect([during, listeners()]).toEqual([before + 1, before]);
});
