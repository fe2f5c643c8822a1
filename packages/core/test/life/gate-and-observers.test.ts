import { contextKey, RpcError } from "@millrace/core";
import type { CallHead, Gate, Observer } from "@millrace/core";
import { describe, expect, test } from "vitest";
import { createAccept, memoryConnector, serverProtocols } from "@millrace/core/host";
import { implementPartial } from "@millrace/core";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { envelope, RawCall } from "../support/raw-call.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";

const paths = {
  connect: "application/connect+proto",
  grpc: "application/grpc",
  "grpc-web": "application/grpc-web",
};

describe.each(protocols)("the gate, %s", (protocol) => {
  test("refuses before a byte of the body is read", async () => {
    let received = 0;
    const observer: Observer = () => ({ received: () => void received++ });
    const gate: Gate = () => {
      throw new RpcError("unauthenticated", "log in first", { metadata: { "www-authenticate": "Bearer" } });
    };
    const on = stage({ collect: () => ({}) }, { protocol, app: { gate, observers: [observer] } });
    const raw = new RawCall(
      on.connector,
      "/greet.v1.GreetService/Collect",
      ["content-type", paths[protocol]],
      undefined,
    );
    await quiet();
    // Answered, though nothing of the body was sent.
    expect(raw.events).toContain("end");
    const error = (await on.client.collect([{}]).catch((reason: unknown) => reason)) as RpcError;
    expect([error.code, error.message, error.metadata.get("www-authenticate")]).toEqual([
      "unauthenticated",
      "log in first",
      "Bearer",
    ]);
    expect(received).toBe(0);
  });

  test("may be asynchronous: the body waits, the handler runs when it is through", async () => {
    const go = Promise.withResolvers<void>();
    let handled = 0;
    const on = stage(
      {
        async collect(requests) {
          handled++;
          let count = 0n;
          for await (const _ of requests) count++;
          return { count };
        },
      },
      { protocol, app: { gate: () => go.promise } },
    );
    const call = on.client.collect();
    let sent = 0;
    const upload = (async () => {
      for (; sent < 100; sent++) await call.send({ name: "x".repeat(10_000) });
    })();
    await quiet();
    expect(handled).toBe(0);
    expect(sent).toBeLessThan(20);
    go.resolve();
    await upload;
    expect((await call.finish()).count).toBe(100n);
    expect(handled).toBe(1);
  });

  test.each([
    ["refuses", new RpcError("permission_denied", "not you"), "permission_denied", 0],
    ["fails", new Error("database"), "unknown", 1],
  ])("asynchronous, %s", async (_, thrown, code, reported) => {
    const on = stage({ greet: () => ({}) }, { protocol, app: { gate: () => Promise.reject(thrown) } });
    expect(await codeOf(on.client.greet({}))).toBe(code);
    expect(on.errors).toHaveLength(reported);
    await quiet();
    expect(on.serverEnds.map((end) => end.code)).toEqual([code]);
  });

  test("asynchronous by a promise that is not the engine's own: it is waited for all the same", async () => {
    const refusing = {
      then: (_pass: () => void, refuse: (error: unknown) => void) =>
        setImmediate(() => refuse(new RpcError("permission_denied", "not you"))),
    };
    let handled = 0;
    const gate: Gate = () => refusing as unknown as Promise<void>;
    const on = stage({ greet: () => (handled++, {}) }, { protocol, app: { gate } });
    expect(await codeOf(on.client.greet({}))).toBe("permission_denied");
    expect(handled).toBe(0);
  });

  test("asynchronous: the deadline does not wait for it", async () => {
    const go = Promise.withResolvers<void>();
    let handled = 0;
    const on = stage({ greet: () => (handled++, {}) }, { protocol, app: { gate: () => go.promise } });
    const code = codeOf(on.client.greet({}, { timeoutMs: 100 }));
    await quiet();
    on.host.advance(100);
    expect(await code).toBe("deadline_exceeded");
    go.resolve();
    await quiet();
    expect(handled).toBe(0);
    expect(on.serverEnds).toHaveLength(1);
    expect(on.host.timers).toBe(0);
  });

  test("asynchronous: a client that goes away does not wait for it", async () => {
    const signals: AbortSignal[] = [];
    const gate: Gate = (call) => {
      signals.push(call.signal);
      return new Promise(() => {});
    };
    const on = stage({ greet: () => ({}) }, { protocol, app: { gate } });
    const call = on.client.watch({});
    await quiet();
    call.cancel();
    await quiet();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
  });

  test("sees the head and the peer, and sets values for the handler", async () => {
    const user = contextKey<string>("user");
    const on = stage(
      { greet: (_, call) => ({ greeting: call.values.require(user) }) },
      {
        protocol,
        app: {
          gate: async (call) => {
            await quiet();
            call.values.set(
              user,
              `${call.requestHeaders.get("authorization") ?? ""} at ${call.peer?.address ?? ""}`,
            );
          },
        },
      },
    );
    const { greeting } = await on.client.greet({}, { headers: { authorization: "Ada" } });
    expect(greeting).toBe("Ada at memory");
  });
});

test("the App's gate comes before the service's, and a refusal ends it", async () => {
  const order: string[] = [];
  const host = new FakeHost();
  const app = (refuse: boolean) =>
    createAccept(host, serverProtocols, {
      gate: async () => {
        await quiet();
        order.push("app");
        if (refuse) throw new RpcError("aborted", "no");
      },
      services: [
        implementPartial(GreetService, { greet: () => ({}) }, { gate: () => void order.push("service") }),
      ],
    });
  for (const refuse of [false, true]) {
    const connector = memoryConnector(app(refuse), host);
    const body = envelope(new Uint8Array(0));
    const call = new RawCall(
      connector,
      "/greet.v1.GreetService/Greet",
      ["content-type", "application/grpc"],
      body,
    );
    await call.closedDelivered;
  }
  expect(order).toEqual(["app", "service", "app"]);
});

/** Notes everything in words. */
function noting(events: string[]): Observer {
  return ({ side, method }: CallHead) => {
    events.push(`${side} ${method.name}`);
    return {
      headers: (metadata) => void events.push(`${side} headers ${metadata.get("x-head") ?? ""}`),
      sent: (bytes) => void events.push(`${side} sent ${bytes}`),
      received: (bytes) => void events.push(`${side} received ${bytes}`),
      end: ({ code, delivered }) => void events.push(`${side} end ${code} ${String(delivered)}`),
    };
  };
}

describe.each(protocols)("observers, %s", (protocol) => {
  test("hear of headers, messages with their sizes, and the end, once and last, on both sides", async () => {
    const events: string[] = [];
    const observers = [noting(events)];
    const on = stage(
      {
        async *chat(requests, call) {
          call.responseHeaders.set("x-head", "h");
          for await (const { name } of requests) yield { greeting: name };
        },
      },
      { protocol, app: { observers }, transport: { observers } },
    );
    for await (const _ of on.client.chat([{ name: "Ada" }, { name: "Grace" }]));
    await quiet();
    const of = (side: string) => events.filter((event) => event.startsWith(side));
    expect(of("client")).toEqual([
      "client Chat",
      "client sent 5",
      "client sent 7",
      "client headers h",
      "client received 5",
      "client received 7",
      "client end ok true",
    ]);
    const server = of("server");
    expect(server[0]).toBe("server Chat");
    expect(server.filter((event) => event === "server headers h")).toHaveLength(1);
    expect(server.filter((event) => event.startsWith("server sent"))).toEqual([
      "server sent 5",
      "server sent 7",
    ]);
    expect(server.filter((event) => event.startsWith("server rec"))).toEqual([
      "server received 5",
      "server received 7",
    ]);
    expect(server.at(-1)).toBe("server end ok true");
  });

  test("sizes are those on the wire: of the compressed message", async () => {
    const sizes: number[] = [];
    const observer: Observer = () => ({
      sent: (bytes) => void sizes.push(bytes),
      received: (bytes) => void sizes.push(bytes),
    });
    const on = stage(
      { greet: () => ({}) },
      {
        protocol,
        app: { observers: [observer] },
        transport: { observers: [observer], compression: { send: "gzip" } },
      },
    );
    await on.client.greet({ name: "x".repeat(100_000) });
    expect(sizes[0]).toBeGreaterThan(20);
    expect(sizes[0]).toBeLessThan(1000);
    expect(sizes[1]).toBe(sizes[0]);
  });

  test("what they throw is reported, and touches nothing", async () => {
    const bad = (): never => {
      throw new Error("observer");
    };
    const observers: Observer[] = [bad, () => ({ headers: bad, sent: bad, received: bad, end: bad })];
    const on = stage(
      { greet: () => ({ greeting: "fine" }) },
      { protocol, app: { observers }, transport: { observers } },
    );
    expect((await on.client.greet({})).greeting).toBe("fine");
    await quiet();
    expect(on.host.reported).toHaveLength(10);
    expect(new Set(on.host.told)).toEqual(new Set(["an observer threw"]));
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test("one that returns nothing hears nothing, and costs the others nothing", async () => {
    const events: string[] = [];
    const on = stage(
      { greet: () => ({}) },
      { protocol, transport: { observers: [() => {}, noting(events)] } },
    );
    await on.client.greet({});
    await quiet();
    expect(events.at(-1)).toBe("client end ok true");
    expect(on.host.reported).toEqual([]);
  });

  test("the end carries the error and how long it took", async () => {
    const on = stage(
      {
        greet: () => {
          throw new RpcError("data_loss", "gone");
        },
      },
      { protocol, app: { gate: () => on.host.advance(250) } },
    );
    await codeOf(on.client.greet({}));
    await quiet();
    expect(on.serverEnds).toMatchObject([{ code: "data_loss", error: { message: "gone" }, durationMs: 250 }]);
    expect(on.clientEnds).toMatchObject([{ code: "data_loss", error: { message: "gone" }, durationMs: 250 }]);
  });
});

describe.each(protocols)("what a handler throws, %s", (protocol) => {
  test.each([
    ["an Error", new Error("secret")],
    ["a string", "secret"],
    ["undefined", undefined],
    ["an object", { message: "secret" }],
  ])("%s reaches the client as unknown with a fixed text, and onError whole", async (_, thrown) => {
    const fail = (): never => {
      throw thrown;
    };
    const on = stage(
      {
        greet: fail,
        async *watch() {
          yield { greeting: "first" };
          fail();
        },
      },
      { protocol },
    );
    await expect(on.client.greet({})).rejects.toMatchObject({ code: "unknown", message: "unexpected error" });
    const stream = on.client.watch({});
    await stream.receive();
    await expect(stream.receive()).rejects.toMatchObject({ code: "unknown", message: "unexpected error" });
    expect(on.errors).toEqual([thrown, thrown]);
  });

  test("an RpcError reaches the client whole, and onError not at all", async () => {
    const details = [{ type: "greet.v1.Mood", value: new Uint8Array([8, 1]) }];
    const on = stage(
      {
        greet: () => {
          throw new RpcError("resource_exhausted", "märchenhaft %", {
            details,
            metadata: { "x-bin-bin": new Uint8Array([0]) },
          });
        },
      },
      { protocol },
    );
    const error = (await on.client.greet({}).catch((reason: unknown) => reason)) as RpcError;
    expect([error.code, error.message, error.details, error.isRemote]).toEqual([
      "resource_exhausted",
      "märchenhaft %",
      details,
      true,
    ]);
    expect(error.metadata.getBinary("x-bin-bin")).toEqual(new Uint8Array([0]));
    expect(on.errors).toEqual([]);
  });

  test("an onError that throws is reported, and touches nothing", async () => {
    const on = stage(
      {
        greet: () => {
          throw new Error("first");
        },
      },
      {
        protocol,
        app: {
          onError: () => {
            throw new Error("second");
          },
        },
      },
    );
    expect(await codeOf(on.client.greet({}))).toBe("unknown");
    expect(on.host.reported).toMatchObject([{ message: "second" }]);
    expect(on.host.told).toEqual(["onError threw"]);
  });

  const where = "a call of /greet.v1.GreetService/Greet failed on the server's side";
  const fix = "(set onError of the App to handle this yourself)";
  const bug = new Error("a bug");
  test.each([
    ["an Error", bug, `${where} ${fix}`],
    ["no Error", "a bug", `${where}, with something that is no Error and so has no stack ${fix}`],
  ])("without an onError it is said where %s was thrown, and what helps", async (_, thrown, text) => {
    const greet = (): never => {
      throw thrown;
    };
    const on = stage({ greet }, { protocol, app: { onError: undefined } });
    expect(await codeOf(on.client.greet({}))).toBe("unknown");
    expect(on.host.told).toEqual([text]);
    expect(on.host.reported).toEqual([thrown]);
  });
});
