// README.md, section 9, deadlines and cancellation: our server, asked by hand. The ways in which clients vanish, in every
// phase of a call, are in test/hostile.
// Nothing to observe: §9.1, §9.3, §9.5 and §9.6 are the client's.
import { describe, expect, test } from "vitest";
import type { HandlerCall } from "@millrace/node";
import { said } from "../support/answer.ts";
import { envelope, greeting } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import { Standing } from "../support/standing.ts";
import { chat, collect, greet, watch, wires } from "../support/wires.ts";
import type { Wire } from "../support/wires.ts";

expectQuiet();

/** A deadline, as a wire has it. */
function timeout(wire: Wire, ms: number): string[] {
  return ["content-type", wire.proto, wire.timeout, wire.timeout === "grpc-timeout" ? `${ms}m` : String(ms)];
}

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.over.includes(carriage.http));
  const framed = here.filter((wire) => wire.framed);

  test("§9.2 a handler that does not come to an end is overtaken, and its signal aborted", async () => {
    const reasons: string[] = [];
    const stand = (call: HandlerCall): Promise<never> => {
      call.signal.addEventListener("abort", () =>
        reasons.push((call.signal.reason as { code: string }).code),
      );
      return new Promise(() => {});
    };
    await using server = await served(
      carriage,
      greeter({
        greet: (_request, call) => stand(call),
        async *watch(_request, call) {
          yield { greeting: "one" };
          await stand(call);
        },
      }),
    );
    const ask = async (wire: Wire, path: string): Promise<void> => {
      const message = path === watch ? Buffer.alloc(0) : greeting("x");
      const asking = server.begin({ path, headers: timeout(wire, 300) });
      asking.send(wire.body(wire.framed ? envelope(0, message) : message)).end();
      const answer = said(await asking.answer());
      expect([wire.name, answer.code]).toEqual([wire.name, "deadline_exceeded"]);
      expect(answer.messages).toEqual(path === watch ? [greeting("one")] : []);
    };
    const calls = here.flatMap((wire) => [
      ...(wire.path === greet ? [ask(wire, greet)] : []),
      ...(wire.framed ? [ask(wire, watch)] : []),
    ]);
    await Promise.all(calls);
    expect(reasons).toEqual(calls.map(() => "deadline_exceeded"));
    for (const end of await server.calls.ended(calls.length)) expect(end.code).toBe("deadline_exceeded");
  });

  test("§9.2 a request that does not come to an end is answered at the deadline", async () => {
    const standing = new Standing();
    await using server = await served(carriage, standing.app());
    const whole = envelope(0, greeting("x"));
    const ask = async (wire: Wire, body: Uint8Array): Promise<void> => {
      const asking = server.begin({ path: collect, headers: timeout(wire, 300) });
      if (body.length > 0) asking.send(wire.body(body));
      expect(said(await asking.answer()).code).toBe("deadline_exceeded");
      asking.leave();
    };
    const calls = framed.flatMap((wire) =>
      [Buffer.alloc(0), whole, whole.subarray(0, 6)].map((body) => ask(wire, body)),
    );
    await Promise.all(calls);
    for (const end of await server.calls.ended(calls.length)) expect(end.code).toBe("deadline_exceeded");
  });

  test("§9.2 a unary request that does not come to an end is answered at the deadline", async () => {
    await using server = await served(carriage, greeter());
    const [unary] = wires;
    const asking = server.begin({ path: greet, headers: timeout(unary!, 300) }).send(greeting("A"));
    const answer = await asking.answer();
    expect([answer.status, said(answer).code]).toEqual([504, "deadline_exceeded"]);
    asking.leave();
  });

  test.each(here)("§9.4 $name: a client that goes away aborts the handler's signal", async (wire) => {
    const standing = new Standing();
    await using server = await served(carriage, standing.app());
    const [path, message] = wire.path === watch ? [watch, Buffer.alloc(0)] : [greet, greeting("x")];
    const asking = server.begin({ path, headers: ["content-type", wire.proto] });
    asking.send(wire.body(wire.framed ? envelope(0, message) : message)).end();
    await standing.saw("running");
    asking.leave();
    await standing.saw("aborted");
    expect(await server.calls.ended(1)).toMatchObject([{ code: "canceled", delivered: false }]);
  });

  test.each(framed)(
    "§9.4 $name: it does so at once while a generator sleeps, which is then returned",
    async (wire) => {
      const events: string[] = [];
      const asleep = Promise.withResolvers<void>();
      const woken = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      await using server = await served(
        carriage,
        greeter({
          async *watch(_request, call) {
            call.signal.addEventListener("abort", () => {
              events.push((call.signal.reason as { code: string }).code);
              woken.resolve();
            });
            try {
              yield { greeting: "one" };
              asleep.resolve();
              // It does not look at its signal: nothing but that wakes it.
              await woken.promise;
              yield { greeting: "two" };
              events.push("went on");
            } finally {
              events.push("returned");
              left.resolve();
            }
          },
        }),
      );
      const asking = server.begin({ path: watch, headers: ["content-type", wire.proto] });
      asking.send(wire.body(envelope(0, ""))).end();
      await asleep.promise;
      asking.leave();
      await left.promise;
      expect(events).toEqual(["canceled", "returned"]);
    },
  );

  test.each(framed)(
    "§9.4 $name: a handler that waits for requests is told, and is not given an end",
    async (wire) => {
      const outcome = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      await using server = await served(
        carriage,
        greeter({
          async collect(requests) {
            await requests.receive();
            begun.resolve();
            try {
              await requests.receive();
              outcome.resolve("ended");
            } catch (error) {
              outcome.resolve((error as { code: string }).code);
            }
            return {};
          },
        }),
      );
      const asking = server.begin({ path: collect, headers: ["content-type", wire.proto] });
      asking.send(wire.body(Buffer.concat([envelope(0, greeting("Ada")), Buffer.from([0])])));
      await begun.promise;
      asking.leave();
      expect(await outcome.promise).toBe("canceled");
    },
  );

  if (carriage.http === "2")
    test("§9.4 a bidi call's generator is returned when its client has gone", async () => {
      const standing = new Standing();
      await using server = await served(carriage, standing.app());
      const asking = server.begin({ path: chat, headers: ["content-type", "application/grpc"] });
      asking.send(envelope(0, greeting("Ada")));
      await standing.saw("sent");
      asking.leave();
      await standing.saw("returned");
    });
});
