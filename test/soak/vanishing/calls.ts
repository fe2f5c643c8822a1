import { findDetails, RpcError } from "@millrace/node";
import type { CallOptions, ReplyStream } from "@millrace/node";
import { setImmediate as turn } from "node:timers/promises";
import { expectEqual } from "../../../examples/main-job/src/check.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";
import { MoodSchema } from "../../../gen/greet/v1/greet_pb.ts";
import type { GreetReply } from "../../../gen/greet/v1/greet_pb.ts";
import { asks } from "./greeter.ts";
import type { Random } from "./random.ts";

/** One call: makes it, checks all of its outcome, and throws a Mismatch where that is not as it must be. */
export interface Call {
  readonly name: string;
  /** It needs both directions at once. */
  readonly bidi: boolean;
  run(on: Scene): Promise<void>;
}

/** What a call is made with. */
export interface Scene {
  readonly client: GreetServiceClient;
  readonly random: Random;
  /** Lives longer than all calls, and is given to each. */
  readonly signal: AbortSignal;
}

/** So late that only a call that hangs meets it. */
const timeoutMs = 30_000;
/** Of a call that is to meet it. */
const shortMs = 40;

function optionsOf({ random, signal }: Scene, more: Readonly<Record<string, string>> = {}): CallOptions {
  const relay: Record<string, string> = random.once(4) ? { [asks.relay]: "1" } : {};
  return { signal, timeoutMs, headers: { ...relay, ...more } };
}

function nameOf({ random }: Scene): string {
  return "n".repeat(random.magnitude(20_000));
}

/** Rejects unless the call fails as the handler was asked to, `length` in its detail. */
async function expectAborted(call: Promise<unknown>, length: number): Promise<void> {
  const error = await failureOf(call);
  if (error.code !== "aborted") throw error;
  expectEqual("message", error.message, "as asked");
  expectEqual("detail", findDetails(error, MoodSchema)[0]?.level, length);
}

/** Rejects with what the call rejects with, if that is another code. */
async function expectCode(code: RpcError["code"], call: Promise<unknown>): Promise<void> {
  const error = await failureOf(call);
  if (error.code !== code) throw error;
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("it succeeded, and had to fail");
}

/** Also behind an error that the handler was asked for: it comes last. */
async function expectGreetings(stream: ReplyStream<GreetReply>, count: number): Promise<void> {
  let next = 0;
  try {
    for await (const { greeting } of stream)
      expectEqual("greeting", greeting, `${next++} ${"x".repeat(count)}`);
  } catch (error) {
    if ((error as Partial<RpcError>).code !== "aborted") throw error;
    expectEqual("number of greetings before the error", next, count);
    throw error;
  }
  expectEqual("number of greetings", next, count);
}

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

export const calls: readonly Call[] = [
  {
    name: "unary",
    bidi: false,
    async run(on) {
      const name = nameOf(on);
      const mood = { level: on.random.whole(0, 20) };
      const { response, trailers } = await on.client.greet({ name, mood }, optionsOf(on)).withMetadata();
      expectEqual("greeting", response.greeting, `Hello, ${name}!`);
      expectEqual("trailer", trailers.get("x-length"), String(name.length));
    },
  },
  {
    name: "unary that fails",
    bidi: false,
    async run(on) {
      const name = nameOf(on);
      await expectAborted(on.client.greet({ name }, optionsOf(on, { [asks.failure]: "1" })), name.length);
    },
  },
  {
    name: "unary that is overdue",
    bidi: false,
    async run(on) {
      const options = { ...optionsOf(on, { [asks.sleep]: "1" }), timeoutMs: shortMs };
      await expectCode("deadline_exceeded", on.client.greet({ name: "late" }, options));
    },
  },
  {
    name: "unary that is canceled",
    bidi: false,
    async run(on) {
      const controller = new AbortController();
      const options = { ...optionsOf(on, { [asks.sleep]: "1" }), signal: controller.signal };
      const reply = on.client.greet({}, options);
      const outcome = expectCode("canceled", reply);
      // Handled now: the client may vanish before its turn has come.
      outcome.catch(() => {});
      for (let i = on.random.magnitude(200); i > 0; i--) await turn();
      controller.abort();
      await outcome;
    },
  },
  {
    name: "server stream",
    bidi: false,
    async run(on) {
      const count = on.random.magnitude(400);
      const stream = on.client.watch({ everyMs: count }, optionsOf(on));
      await expectGreetings(stream, count);
      expectEqual("trailer", (await stream.trailers).get("x-length"), String(count));
    },
  },
  {
    name: "server stream that is left",
    bidi: false,
    async run(on) {
      const count = on.random.magnitude(400);
      let left = on.random.whole(1, count);
      for await (const _ of on.client.watch({ everyMs: count }, optionsOf(on, { [asks.sleep]: "1" })))
        if (--left === 0) break;
      expectEqual("greetings that were still wanted", left, 0);
    },
  },
  {
    name: "server stream that fails",
    bidi: false,
    async run(on) {
      const count = on.random.magnitude(400);
      const stream = on.client.watch({ everyMs: count }, optionsOf(on, { [asks.failure]: "1" }));
      await expectAborted(expectGreetings(stream, count), count);
    },
  },
  {
    name: "server stream that is overdue",
    bidi: false,
    async run(on) {
      const options = { ...optionsOf(on, { [asks.sleep]: "1" }), timeoutMs: shortMs };
      await expectCode("deadline_exceeded", drained(on.client.watch({ everyMs: 5 }, options)));
    },
  },
  {
    name: "client stream",
    bidi: false,
    async run(on) {
      const upload = on.client.collect(optionsOf(on));
      let count = 0n;
      let length = 0;
      for (let i = on.random.magnitude(60); i > 0; i--) {
        const name = nameOf(on);
        if (!(await upload.send({ name }))) break;
        count++;
        length += name.length;
      }
      const { response, trailers } = await upload.finish().withMetadata();
      expectEqual("count", response.count, count);
      expectEqual("trailer", trailers.get("x-length"), String(length));
    },
  },
  {
    name: "client stream of a sequence",
    bidi: false,
    async run(on) {
      const names = Array.from({ length: on.random.magnitude(60) }, () => ({ name: nameOf(on) }));
      const { count } = await on.client.collect(names, optionsOf(on));
      expectEqual("count", count, BigInt(names.length));
    },
  },
  {
    name: "client stream that is left",
    bidi: false,
    async run(on) {
      await using upload = on.client.collect(optionsOf(on));
      for (let i = on.random.magnitude(60); i > 0; i--) await upload.send({ name: nameOf(on) });
    },
  },
  {
    name: "bidi, in turns",
    bidi: true,
    async run(on) {
      const chat = on.client.chat(optionsOf(on));
      let length = 0;
      for (let i = on.random.magnitude(60); i > 0; i--) {
        const name = nameOf(on);
        length += name.length;
        await chat.send({ name });
        expectEqual("echo", (await chat.receive())?.greeting, name);
      }
      chat.closeSend();
      expectEqual("end", await chat.receive(), undefined);
      expectEqual("trailer", (await chat.trailers).get("x-length"), String(length));
    },
  },
  {
    name: "bidi, both ways at once",
    bidi: true,
    async run(on) {
      const names = Array.from({ length: on.random.magnitude(60) }, () => ({ name: nameOf(on) }));
      let next = 0;
      for await (const { greeting } of on.client.chat(names, optionsOf(on)))
        expectEqual("echo", greeting, names[next++]?.name);
      expectEqual("number of echoes", next, names.length);
    },
  },
  {
    name: "bidi that is left",
    bidi: true,
    async run(on) {
      const chat = on.client.chat(optionsOf(on));
      await chat.send({ name: "one" });
      for await (const { greeting } of chat) {
        expectEqual("echo", greeting, "one");
        break;
      }
    },
  },
];
