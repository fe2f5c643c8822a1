import { expect, test, vi } from "vitest";
import { StreamDuplex } from "../src/web.ts";

/** A duplex, what it tells, and the streams at its other end. */
function ends() {
  const [there, back] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const duplex = new StreamDuplex({ readable: back.readable, writable: there.writable });
  const told: string[] = [];
  const closed = Promise.withResolvers<unknown>();
  duplex.start({
    data: (chunk, start, end) => void told.push(`data ${String(chunk.subarray(start, end))}`),
    writable: () => void told.push("writable"),
    end: () => void told.push("end"),
    closed: (cause) => {
      told.push("closed");
      closed.resolve(cause);
    },
  });
  const writer = back.writable.getWriter();
  // Whoever breaks a stream hears of it, too.
  writer.closed.catch(() => {});
  return { duplex, told, closed: closed.promise, writer, reader: there.readable.getReader() };
}

test("streams that are locked are a TypeError", () => {
  const { readable, writable } = new TransformStream<Uint8Array>();
  writable.getWriter();
  expect(() => new StreamDuplex({ readable, writable })).toThrow(TypeError);
});

test("bytes go through, a writer is told to wait until they are taken, and both halves end", async () => {
  const { duplex, told, reader, writer, closed } = ends();
  expect(duplex.write([Uint8Array.of(1), Uint8Array.of(2)])).toBe(false);
  expect([(await reader.read()).value, (await reader.read()).value]).toEqual([
    Uint8Array.of(1),
    Uint8Array.of(2),
  ]);
  await vi.waitFor(() => expect(told).toEqual(["writable"]));
  duplex.end();
  expect((await reader.read()).done).toBe(true);
  await writer.write(Uint8Array.of(3));
  await writer.close();
  await vi.waitFor(() => expect(told).toEqual(["writable", "data 3", "end"]));
  duplex.destroy();
  expect(await closed).toBe(undefined);
});

test("nothing comes while it is paused, and nothing is read ahead but one chunk", async () => {
  const { duplex, told, writer } = ends();
  duplex.pause();
  const first = writer.write(Uint8Array.of(1));
  let isTaken = false;
  await first;
  const second = writer.write(Uint8Array.of(2)).then(() => (isTaken = true));
  await new Promise(setImmediate);
  expect([told, isTaken]).toEqual([[], false]);
  duplex.resume();
  await second;
  await vi.waitFor(() => expect(told).toEqual(["data 1", "data 2"]));
});

test.each<[string, (both: ReturnType<typeof ends>, cause: Error) => unknown]>([
  ["the stream that is read", ({ writer }, cause) => writer.abort(cause)],
  [
    "the stream that is written to",
    async ({ duplex, reader }, cause) => {
      await reader.cancel(cause);
      duplex.write([Uint8Array.of(1)]);
    },
  ],
])("what breaks %s closes it, once, with the cause", async (_, breaks) => {
  const both = ends();
  const cause = new Error("broken");
  await breaks(both, cause);
  expect(await both.closed).toBe(cause);
  both.duplex.destroy();
  await new Promise(setImmediate);
  expect(both.told).toEqual(["closed"]);
  expect(both.duplex.write([Uint8Array.of(1)])).toBe(true);
});

test("destroy() while it is paused closes it, and nothing comes of what was held", async () => {
  const { duplex, told, writer, closed, reader } = ends();
  duplex.pause();
  await writer.write(Uint8Array.of(1));
  duplex.destroy();
  expect(await closed).toBe(undefined);
  expect(told).toEqual(["closed"]);
  await expect(reader.read()).rejects.toBe(undefined);
});
