import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, createClient, createTransport, RpcError } from "@millrace/web";
import type { Fetch } from "@millrace/web";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

function clientOf(fetch: Fetch | undefined, baseUrl = "http://host.test"): GreetServiceClient {
  return createClient(GreetService, createTransport({ baseUrl, protocol: connect, fetch }));
}

async function failureOf(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await call.then(
    () => expect.unreachable("the call should fail"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RpcError);
  const { code, message } = error as RpcError;
  return { code, message };
}

/** The first bytes of a reply, and then what `next` does. */
function replyOf(next: (controller: ReadableStreamDefaultController) => void): Response {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array([0x0a, 0x03, 0x41])),
    pull: next,
  });
  return new Response(body, { headers: { "content-type": "application/proto" } });
}

describe("what a fetch may do is an RpcError, and nothing is left unhandled", () => {
  const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

  test.each<[string, Fetch, string, string]>([
    [
      "it rejects, with the reason in the cause",
      () => Promise.reject(new TypeError("fetch failed", { cause: reset })),
      "unavailable",
      "no response from host.test: fetch failed: read ECONNRESET",
    ],
    [
      "it rejects, with the reason in a code",
      () => Promise.reject(Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" })),
      "unavailable",
      "no response from host.test: Unable to connect (ConnectionRefused)",
    ],
    ["it rejects with anything", () => Promise.reject("no"), "unavailable", "no response from host.test: no"],
    [
      "it throws",
      () => {
        throw new Error("broken");
      },
      "unavailable",
      "no response from host.test: broken",
    ],
    [
      "it gives nothing",
      () => Promise.resolve(undefined as never),
      "unavailable",
      "no response from host.test",
    ],
    [
      "the response breaks off",
      async () => replyOf((controller) => controller.error(new TypeError("terminated"))),
      "unavailable",
      "the response from host.test broke off: terminated",
    ],
    [
      "the response holds no bytes",
      async () => replyOf((controller) => controller.enqueue("text")),
      "unavailable",
      "the response from host.test broke off: the body holds string where bytes belong",
    ],
    [
      "somebody else reads the response",
      async () => {
        const response = replyOf((controller) => controller.close());
        response.body!.getReader();
        return response;
      },
      "unavailable",
      "no response from host.test",
    ],
    [
      "a browser hides a redirect",
      async () =>
        Object.defineProperty(new Response(null, { status: 200 }), "type", { value: "opaqueredirect" }),
      "internal",
      "host.test redirects the call, which is not followed: use the URL that it redirects to as baseUrl",
    ],
    [
      "a redirect is seen",
      async () => new Response(null, { status: 307, headers: { location: "/elsewhere" } }),
      "unknown",
      "HTTP status 307",
    ],
  ])("%s", async (_, fetch, code, message) => {
    const failure = await failureOf(clientOf(fetch).greet({}));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(message);
  });

  test("nothing listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    expect(await failureOf(clientOf(undefined, `http://127.0.0.1:${port}`).greet({}))).toEqual({
      code: "unavailable",
      message: `no response from 127.0.0.1:${port}: fetch failed: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });
});

describe("a call that is canceled", () => {
  test("aborts its fetch with a reason that is not made for it", async () => {
    const signals: AbortSignal[] = [];
    const client = clientOf((_, init) => {
      signals.push(init.signal!);
      return new Promise((_resolve, reject) => {
        init.signal!.addEventListener("abort", () => reject(init.signal!.reason as Error));
      });
    });
    const cancel = new AbortController();
    const call = failureOf(client.greet({}, { signal: cancel.signal }));
    await Promise.resolve();
    cancel.abort();
    expect((await call).code).toBe("canceled");
    expect(signals.map(({ aborted, reason }) => [aborted, reason as unknown])).toEqual([
      [true, "the call has ended"],
    ]);
  });

  test("before it was sent is not sent", async () => {
    let sent = 0;
    const client = clientOf(() => {
      sent++;
      return new Promise(() => {});
    });
    const call = client.watch({});
    call.cancel();
    expect((await failureOf(call.receive())).code).toBe("canceled");
    expect(sent).toBe(0);
  });

  test("cancels a response that comes later, from a fetch that does not heed its signal", async () => {
    const coming = Promise.withResolvers<Response>();
    const canceled = Promise.withResolvers<unknown>();
    const called = Promise.withResolvers<void>();
    const client = clientOf(() => {
      called.resolve();
      return coming.promise;
    });
    const call = client.watch({});
    await called.promise;
    call.cancel();
    await failureOf(call.receive());
    coming.resolve(new Response(new ReadableStream({ cancel: canceled.resolve })));
    expect(await canceled.promise).toBe("the call has ended");
  });

  test("cancels the response that it was reading", async () => {
    const canceled = Promise.withResolvers<unknown>();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array([0, 0, 0, 0, 0])),
      cancel: canceled.resolve,
    });
    const headers = { "content-type": "application/connect+proto" };
    const client = clientOf(async () => new Response(body, { headers }));
    for await (const _ of client.watch({})) break;
    expect(await canceled.promise).toBe("the call has ended");
  });
});

test("a response is read as its messages are taken, and no faster", async () => {
  const message = new Uint8Array(5 + 70_000);
  // A greeting of 69,996 letters: a tag, three bytes of length, and the text.
  message.set([0, 0, 0x01, 0x11, 0x70, 0x0a, 0xec, 0xa2, 0x04]);
  message.fill(0x78, 9);
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled++;
        controller.enqueue(message);
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { "content-type": "application/connect+proto" };
  const call = clientOf(async () => new Response(body, { headers })).watch({});
  await call.receive();
  // All that would be read at once has been: each read is a microtask or two.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  const ahead = pulled;
  expect(ahead).toBeLessThan(50);
  for (let taken = 0; taken < ahead; taken++) await call.receive();
  expect(pulled).toBeGreaterThan(ahead);
  call.cancel();
});

test("an upload is asked for at the pace of its taker", async () => {
  const chunks: Uint8Array[] = [];
  const taking = Promise.withResolvers<ReadableStreamDefaultReader<Uint8Array>>();
  const client = clientOf((_, init) => {
    taking.resolve((init.body as ReadableStream<Uint8Array>).getReader());
    return new Promise(() => {});
  });
  const call = client.collect();
  const name = "x".repeat(20_000);
  for (let sent = 0; sent < 3; sent++) expect(await call.send({ name })).toBe(true);
  let told = "waiting";
  const fourth = call.send({ name }).then(() => (told = "room"));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe("waiting");
  const reader = await taking.promise;
  chunks.push((await reader.read()).value!);
  await fourth;
  expect(told).toBe("room");
  // Small ones that wait go together: each read costs its taker a turn.
  expect(chunks[0]!.length).toBeGreaterThan(60_000);
  call.cancel();
});
