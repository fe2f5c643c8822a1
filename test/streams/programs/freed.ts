// Run with --expose-gc: what a call leaves behind when it has ended, and its user keeps nothing of it. Errors are the test
// here: their stacks keep the functions and objects that they were made in, and with them the calls that those hold.
import { setImmediate as turn } from "node:timers/promises";
import { createClient, createInMemoryTransport, implementPartial, RpcError } from "@millrace/node";
import type { CallOptions, Interceptor } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error("run with --expose-gc");

const app = {
  services: [
    implementPartial(GreetService, {
      async *watch(_, call) {
        yield { greeting: "one" };
        if (call.requestHeaders.has("x-fail")) throw new RpcError("aborted", "as asked");
        await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
      },
      collect: () => new Promise(() => {}),
      async *chat() {
        yield { greeting: "one" };
      },
    }),
  ],
};

/** One who makes calls in methods, and keeps them. */
class User {
  readonly client: GreetServiceClient;
  held: unknown;

  constructor(client: GreetServiceClient) {
    this.client = client;
  }

  async watch(options: CallOptions): Promise<void> {
    const stream = this.client.watch({}, options);
    this.held = stream;
    for await (const _ of stream);
  }

  async chat(options: CallOptions): Promise<void> {
    const call = this.client.chat(options);
    this.held = call;
    await call.trailers;
  }

  async upload(options: CallOptions): Promise<void> {
    const call = this.client.collect(options);
    this.held = call;
    await call.send({});
    await call.headers;
  }

  async cancel(): Promise<void> {
    const stream = this.client.watch({});
    this.held = stream;
    await stream.receive();
    stream.cancel();
    await stream.receive();
  }

  async leave(): Promise<void> {
    const stream = this.client.watch({});
    this.held = stream;
    for await (const _ of stream) break;
  }

  async overdue(): Promise<void> {
    await this.watch({ timeoutMs: 5 });
  }

  async fail(): Promise<void> {
    await this.watch({ headers: { "x-fail": "1" } });
  }
}

const aborted = AbortSignal.abort();
const ways: Readonly<Record<string, (user: User) => Promise<void>>> = {
  "a server stream that is overdue at once": (user) => user.watch({ timeoutMs: -1 }),
  "a server stream that is canceled at once": (user) => user.watch({ signal: aborted }),
  "a bidi call that is canceled at once": (user) => user.chat({ signal: aborted }),
  "a client stream that is canceled at once": (user) => user.upload({ signal: aborted }),
  "a stream that is canceled": (user) => user.cancel(),
  "a stream that is left": (user) => user.leave(),
  "a stream that is overdue": (user) => user.overdue(),
  "a stream that fails": (user) => user.fail(),
};
const passes: Interceptor = (call, next) => next(call);

/** Out of the way of what keeps it by chance: the registers and stacks of this module's own code. */
async function forget(
  way: (user: User) => Promise<void>,
  client: GreetServiceClient,
): Promise<WeakRef<object>[]> {
  const user = new User(client);
  await way(user).catch(() => {});
  return [new WeakRef(user), new WeakRef(user.held as object)];
}

// Deadlines do not keep a process alive.
const alive = setInterval(() => {}, 1 << 30);
const report: Record<string, number> = {};
for (const interceptors of [undefined, [passes]]) {
  for (const [name, way] of Object.entries(ways)) {
    const client = createClient(GreetService, createInMemoryTransport(app, { interceptors }));
    const left: WeakRef<object>[] = [];
    for (let i = 0; i < 10; i++) left.push(...(await forget(way, client)));
    // The last one may be kept by chance.
    await forget(way, client);
    for (let i = 0; i < 10; i++) {
      collect();
      await turn();
    }
    const how = interceptors === undefined ? "" : ", with interceptors";
    report[`${name}${how}`] = left.filter((one) => one.deref() !== undefined).length;
  }
}
clearInterval(alive);
process.stdout.write(JSON.stringify(report));
