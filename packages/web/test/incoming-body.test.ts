import { expect, test } from "vitest";
import { IncomingBody } from "../src/body/incoming-body.ts";

interface Stage {
  readonly body: IncomingBody;
  readonly source: ReadableStreamDefaultController<unknown>;
  readonly log: string[];
}

function stage(breaksWait: boolean): Stage {
  let source!: ReadableStreamDefaultController<unknown>;
  const stream = new ReadableStream<unknown>({ start: (controller) => void (source = controller) });
  const log: string[] = [];
  const body = new IncomingBody(stream as ReadableStream<Uint8Array>, breaksWait, {
    data: (chunk) => log.push(`data ${chunk.length}`),
    end: () => log.push("end"),
    broken: (reason) => log.push(`broken ${String(reason)}`),
  });
  return { body, source, log };
}

/** What was going to happen in microtasks has happened. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("begins paused, and asks for nothing before resume()", async () => {
  const { body, source, log } = stage(false);
  source.enqueue(new Uint8Array(1));
  await turn();
  expect(log).toEqual([]);
  body.resume();
  expect(log).toEqual([]);
  await turn();
  expect(log).toEqual(["data 1"]);
});

test("holds the chunk that it had asked for when it is paused", async () => {
  const { body, source, log } = stage(false);
  body.resume();
  await turn();
  body.pause();
  source.enqueue(new Uint8Array(1));
  source.enqueue(new Uint8Array(2));
  source.close();
  await turn();
  expect(log).toEqual([]);
  body.resume();
  body.resume();
  await turn();
  expect(log).toEqual(["data 1", "data 2", "end"]);
});

test("tells a break at once where breaks do not wait, though it is paused", async () => {
  const { body, source, log } = stage(false);
  body.resume();
  await turn();
  body.pause();
  source.error("gone");
  await turn();
  expect(log).toEqual(["broken gone"]);
});

test("holds a break with the rest where breaks wait", async () => {
  const { body, source, log } = stage(true);
  body.resume();
  await turn();
  body.pause();
  source.error("gone");
  await turn();
  expect(log).toEqual([]);
  body.resume();
  await turn();
  expect(log).toEqual(["broken gone"]);
});

test("tells nothing of empty chunks, and nothing once it is canceled", async () => {
  const { body, source, log } = stage(false);
  body.resume();
  source.enqueue(new Uint8Array(0));
  source.enqueue(new Uint8Array(1));
  await turn();
  expect(log).toEqual(["data 1"]);
  body.cancel("enough");
  body.cancel("enough");
  body.resume();
  await turn();
  expect(log).toEqual(["data 1"]);
});

test("breaks at what are no bytes", async () => {
  const { body, source, log } = stage(false);
  body.resume();
  source.enqueue(new DataView(new ArrayBuffer(1)));
  await turn();
  expect(log).toEqual(["broken TypeError: the body holds DataView where bytes belong"]);
});

test("ends without a stream", async () => {
  const log: string[] = [];
  const body = new IncomingBody(null, false, {
    data: () => log.push("data"),
    end: () => log.push("end"),
    broken: () => log.push("broken"),
  });
  body.resume();
  await turn();
  expect(log).toEqual(["end"]);
});
