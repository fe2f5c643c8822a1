// Requests that come over no wire, as runtimes, frameworks and tests may make them, against a fetch handler.
import { afterEach, expect, describe, test } from "vitest";
import { createFetchHandler } from "@millrace/web";
import { envelope, greeting } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { CallLog } from "../support/served.ts";
import { collect, greet } from "../support/wires.ts";
import { thrown } from "./thrown.ts";

expectQuiet();

const calls = new CallLog();
const handler = createFetchHandler(greeter({}, { observers: [calls.observer], onError: () => {} }));

afterEach(async () => {
  await calls.ended(calls.begun);
  expect(calls.ends.length).toBe(calls.begun);
});

function post(path: string, type: string, body: ReadableStream | Uint8Array): Request {
  const headers = { "content-type": type };
  return new Request(`http://host.test${path}`, { method: "POST", headers, body, duplex: "half" });
}

/** A stream of these, which then ends, or fails as `fail` does. */
function streamOf(chunks: readonly unknown[], fail?: () => never): ReadableStream {
  const left = [...chunks];
  return new ReadableStream(
    {
      pull(controller) {
        if (left.length > 0) controller.enqueue(left.shift());
        else if (fail === undefined) controller.close();
        else fail();
      },
    },
    { highWaterMark: 0 },
  );
}

async function lastEnd(): Promise<string> {
  return (await calls.ended(calls.begun)).at(-1)!.code;
}

describe("a body that holds other things than bytes breaks off, and no handler is given what it is not", () => {
  const bytes = greeting("Ada");
  test.each<readonly [string, unknown]>([
    ["a text", "text"],
    ["a number", 5],
    ["null", null],
    ["undefined", undefined],
    ["an object that looks like bytes", { length: 2, subarray: () => bytes }],
    ["a buffer without a view", bytes.buffer],
    ["a view of data", new DataView(new ArrayBuffer(2))],
    ["numbers of two bytes", Uint16Array.from(bytes)],
    ["fractions", Float64Array.from(bytes)],
    ["bytes with a sign", Int8Array.from(bytes)],
  ])("%s", async (_name, chunk) => {
    const unary = await handler(post(greet, "application/proto", streamOf([chunk])));
    // Nobody can hear of it, who sends no bytes.
    expect(unary.status).not.toBe(200);
    expect(await lastEnd()).toBe("canceled");
    const first = envelope(0, bytes);
    const stream = await handler(post(collect, "application/connect+proto", streamOf([first, chunk])));
    await stream.arrayBuffer().catch(() => {});
    expect(await lastEnd()).toBe("canceled");
  });
});

test("a chunk of another realm, or a part of a larger buffer, is read; empty ones are passed over", async () => {
  const large = Buffer.concat([Buffer.alloc(3, 0xff), greeting("Ada"), Buffer.alloc(3, 0xff)]);
  const part = new Uint8Array(large.buffer, large.byteOffset + 3, 5);
  const body = streamOf([new Uint8Array(0), part.subarray(0, 2), new Uint8Array(0), part.subarray(2)]);
  const response = await handler(post(greet, "application/proto", body));
  expect(Buffer.from(await response.arrayBuffer())).toEqual(greeting("Hello, Ada!"));
});

describe.each(thrown)("a body that fails with %s", (_name, value) => {
  const fail = (): never => {
    throw value;
  };

  test("cancels its call", async () => {
    await handler(post(greet, "application/proto", streamOf([greeting("A").subarray(0, 2)], fail)));
    expect(await lastEnd()).toBe("canceled");
    const first = envelope(0, greeting("Ada"));
    const response = await handler(post(collect, "application/connect+proto", streamOf([first], fail)));
    await response.arrayBuffer().catch(() => {});
    expect(await lastEnd()).toBe("canceled");
  });

  test("when it is let go of changes nothing", async () => {
    const canceled = Promise.withResolvers<void>();
    const body = new ReadableStream(
      {
        pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        cancel() {
          canceled.resolve();
          fail();
        },
      },
      { highWaterMark: 0 },
    );
    const response = await handler(post(greet, "text/plain", body));
    expect(response.status).toBe(415);
    await canceled.promise;
  });

  test("as the reason of its signal cancels it", async () => {
    const client = new AbortController();
    const body = new ReadableStream({}, { highWaterMark: 0 });
    const request = new Request(post(collect, "application/connect+proto", body), { signal: client.signal });
    const answering = handler(request);
    client.abort(value);
    const response = await answering;
    await response.arrayBuffer().catch(() => {});
    expect(await lastEnd()).toBe("canceled");
  });
});

test("a body that does not end by itself is let go of when its call is over", async () => {
  const canceled = Promise.withResolvers<unknown>();
  const body = new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(envelope(0, "\xff"));
      },
      cancel: canceled.resolve,
    },
    { highWaterMark: 0 },
  );
  const response = await handler(post(collect, "application/connect+proto", body));
  expect(Buffer.from(await response.arrayBuffer()).toString()).toContain('"code":"invalid_argument"');
  expect(await canceled.promise).toBe("the call has ended");
});

test.each(["HEAD", "OPTIONS", "PUT", "FROB"])("the method %s is answered with 405", async (method) => {
  const response = await handler(new Request(`http://host.test${greet}`, { method }));
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST"]);
});

test.each(["%", "%zz", "%00", "?", "#", "??message=%", "?message=%E0%A4%A"])(
  "the URL ending in %j is answered",
  async (end) => {
    const headers = { "content-type": "application/json" };
    const request = new Request(`http://host.test${greet}${end}`, { method: "POST", headers, body: "{}" });
    expect([200, 404]).toContain((await handler(request)).status);
    const get = await handler(new Request(`http://host.test${greet}${end}`));
    expect([400, 404, 415]).toContain(get.status);
  },
);
