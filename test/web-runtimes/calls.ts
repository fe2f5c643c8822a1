import { createClient, findDetails, RpcError } from "@millrace/web";
import type { CompressionOptions, Transport } from "@millrace/web";
import { MoodSchema } from "../../gen/greet/v1/greet_pb.ts";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";

/** What these calls ask of a transport. */
export interface Wanted {
  readonly codec?: "proto" | "json";
  readonly compression?: CompressionOptions;
  readonly maxReceiveBytes?: number;
  readonly connectGet?: boolean;
  readonly halfDuplex?: boolean;
}

export type Outcomes = Readonly<Record<string, unknown>>;

/** Makes calls of every kind to the app, in every way that shows on the wire, and gives what came of them. */
export async function calls(open: (wanted: Wanted) => Transport): Promise<Outcomes> {
  const outcomes: Record<string, unknown> = {};
  const note = async (name: string, call: () => Promise<unknown>): Promise<void> => {
    outcomes[name] = await call().catch(told);
  };
  const { greet, watch, collect, chat } = createClient(GreetService, open({}));
  const words = ["a", "b", "c"].map((name) => ({ name }));
  const long = "x".repeat(300_000);

  await note("unary", async () => {
    const { response, headers } = await greet({ name: "Ada" }).withMetadata();
    return [response.greeting, headers.get("x-list")];
  });
  await note("json", async () => {
    const json = createClient(GreetService, open({ codec: "json" }));
    return (await json.greet({ name: "Ada ☁" })).greeting;
  });
  for (const send of ["gzip", "deflate"]) {
    const packed = createClient(GreetService, open({ compression: { send, minBytes: 0 } }));
    await note(`unary, ${send}`, async () => (await packed.greet({ name: long })).greeting.length);
    await note(`streams, ${send}`, async () => [
      await all(packed.watch({})),
      String((await packed.collect(words)).count),
    ]);
  }
  await note("GET", async () => {
    const getting = createClient(GreetService, open({ connectGet: true }));
    return (await getting.greet({ name: "method" })).greeting;
  });
  await note("large", async () => (await greet({ name: long })).greeting.length);
  await note("error", () => greet({ name: "fail" }));
  await note("server stream", () => all(watch({})));
  await note("server stream, left", async () => {
    const before = await greet({ name: "aborted" });
    for await (const { greeting } of watch({ everyMs: 1 })) if (greeting === "two") break;
    // Nothing else tells that the server has heard of it.
    for (let now = before; now.greeting === before.greeting;) now = await greet({ name: "aborted" });
    return "aborted";
  });
  await note("client stream", async () => String((await collect(words)).count));
  await note("empty client stream", async () => String((await collect([])).count));
  await note("bidi", async () => {
    const call = chat();
    await call.send({ name: "ping" });
    const reply = await call.receive();
    call.closeSend();
    await call.receive();
    return reply?.greeting;
  });
  await note("half-duplex bidi", async () => {
    const half = createClient(GreetService, open({ halfDuplex: true }));
    return await all(half.chat(words));
  });
  await note("deadline", () => greet({ name: "never" }, { timeoutMs: 20 }).then(() => "ok", codeOf));
  await note("limit", async () => {
    const small = createClient(GreetService, open({ maxReceiveBytes: 100 }));
    return await small.greet({ name: long }).then(() => "ok", codeOf);
  });
  return outcomes;
}

async function all(messages: AsyncIterable<{ readonly greeting: string }>): Promise<string[]> {
  const list: string[] = [];
  for await (const { greeting } of messages) list.push(greeting);
  return list;
}

function codeOf(thrown: unknown): string {
  return RpcError.from(thrown).code;
}

/** An error as JSON. */
function told(thrown: unknown): unknown {
  if (!(thrown instanceof RpcError)) return String(thrown);
  const { code, message, metadata } = thrown;
  const own = [...metadata].filter(([name]) => /^x-(error|trailer)/.test(name));
  if (own.length === 0) return { code, message };
  const plain = own.map(([name, value]) => [name, typeof value === "string" ? value : [...value]]);
  const moods = findDetails(thrown, MoodSchema).map(({ level }) => level);
  return { code, message, metadata: Object.fromEntries(plain) as object, moods };
}
