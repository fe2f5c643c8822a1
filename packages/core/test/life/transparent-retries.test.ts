import type { CallEnd } from "@millrace/core";
import { ErrorCode } from "@millrace/exchange";
import type { ClientSink, Connector, Exchange, Fault, Hints, RequestHead } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { codeOf, protocols, quiet, stage, type StageOptions } from "../support/stage.ts";

const fault = (kind: Fault["kind"], h2 = -1, processed: Fault["processed"] = "never"): Fault => ({
  by: "peer",
  kind,
  h2,
  processed,
  text: `a fault of kind ${kind}`,
});
const refused = fault("reset", ErrorCode.REFUSED_STREAM);
const goaway = fault("goaway", ErrorCode.NO_ERROR);

/** One attempt that comes to nothing. */
interface Failure {
  readonly fault: Fault;
  readonly wasSent: boolean;
}

interface Opened {
  readonly head: RequestHead;
  readonly body: Uint8Array | null | undefined;
  readonly hints: Hints;
}

/** A connector whose first attempts fail, each in a turn of its own when `turn` says so. */
function failing(failures: readonly Failure[], opened: Opened[]): (connector: Connector) => Connector {
  return (connector) => ({
    caps: connector.caps,
    close: (graceMs) => connector.close(graceMs),
    open(head, body, hints, sink): Exchange {
      const failure = failures[opened.length];
      opened.push({ head, body, hints });
      return failure === undefined ? connector.open(head, body, hints, sink) : new Failed(sink, failure);
    },
  });
}

/** An exchange that dies, and closes a turn later. */
class Failed implements Exchange {
  readonly #sink: ClientSink;
  #isOver = false;

  constructor(sink: ClientSink, { fault: died, wasSent }: Failure) {
    this.#sink = sink;
    const peer = { address: "stage", tls: false, certificate: () => null };
    const caps = { http: "2", trailers: true, request: "full", resets: true, duplicates: true } as const;
    queueMicrotask(() => {
      if (this.#isOver) return;
      if (wasSent) sink.sent(peer, caps);
      sink.fault(died);
      this.#over();
    });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    setImmediate(() => this.#sink.closed(false));
  }

  pause(): void {}
  resume(): void {}
  write(): boolean {
    return true;
  }
  reserve(): null {
    return null;
  }
  commit(): boolean {
    return true;
  }
  flush(): void {}
  end(): void {}
  reset(): void {
    this.#over();
  }
}

function on(failures: readonly Failure[], options: StageOptions = {}): ReturnType<typeof stage> & Opening {
  const opened: Opened[] = [];
  const staged = stage(
    {
      greet: ({ name }) => ({ greeting: `Hello, ${name}!` }),
      async *watch() {
        yield { greeting: "one" };
      },
      collect: async () => ({}),
    },
    { ...options, wrap: failing(failures, opened) },
  );
  return Object.assign(staged, { opened });
}

interface Opening {
  readonly opened: Opened[];
}

const times = (count: number, died: Fault, wasSent: boolean): Failure[] =>
  Array.from({ length: count }, () => ({ fault: died, wasSent }));

describe.each(protocols)("what the peer has not processed is tried again, %s:", (protocol) => {
  test.each([
    ["a stream that was refused", refused, true],
    ["a stream above GOAWAY's last", goaway, true],
    ["what waited on a connection that said GOAWAY", goaway, false],
    ["what waited on a connection that was lost", fault("lost"), false],
  ])("%s", async (_, died, wasSent) => {
    const { client, opened, host, clientEnds, serverEnds } = on(times(1, died, wasSent), { protocol });
    expect((await client.greet({ name: "Ada" })).greeting).toBe("Hello, Ada!");
    expect(opened.map(({ hints }) => hints.attempt)).toEqual([0, 1]);
    expect(opened[1]!.head).toEqual(opened[0]!.head);
    expect(opened[1]!.body).toEqual(opened[0]!.body);
    await quiet();
    expect([clientEnds.length, serverEnds.length, host.timers]).toEqual([1, 1, 0]);
    expect(clientEnds[0]).toMatchObject({ code: "ok", delivered: true });
  });

  test("a call whose response is a stream", async () => {
    const { client, opened } = on(times(1, refused, true), { protocol });
    const texts: string[] = [];
    for await (const { greeting } of client.watch({})) texts.push(greeting);
    expect([texts, opened.length]).toEqual([["one"], 2]);
  });
});

describe("what is tried again, and how often:", () => {
  test("what had been sent once more, and then its fault is the call's", async () => {
    const { client, opened, clientEnds } = on(times(5, refused, true));
    expect(await codeOf(client.greet({}))).toBe("unavailable");
    await quiet();
    expect([opened.length, clientEnds.map(({ code }) => code)]).toEqual([2, ["unavailable"]]);
  });

  test("what never left up to five times in all", async () => {
    const well = on(times(4, goaway, false));
    expect(await codeOf(well.client.greet({}))).toBe("ok");
    expect(well.opened.length).toBe(5);
    const ill = on(times(9, goaway, false));
    expect(await codeOf(ill.client.greet({}))).toBe("unavailable");
    expect(ill.opened.length).toBe(5);
  });

  test("what was sent behind attempts that never left, once", async () => {
    const failures = [...times(2, goaway, false), ...times(2, refused, true)];
    const { client, opened } = on(failures);
    expect(await codeOf(client.greet({}))).toBe("unavailable");
    expect(opened.length).toBe(4);
  });

  test.each([
    ["may have been processed", fault("goaway", 0, "maybe")],
    ["found nobody", fault("connect")],
    ["its transport was closed for", fault("shutdown")],
    ["cannot be sent", fault("limit")],
    ["broke the protocol", fault("protocol")],
    ["was reset for another reason", fault("reset", ErrorCode.CANCEL)],
  ])("nothing that %s", async (_, died) => {
    const { client, opened } = on(times(1, died, false));
    expect(await codeOf(client.greet({}))).not.toBe("ok");
    expect(opened.length).toBe(1);
  });

  test("no request that is a stream: it is gone when it has been sent", async () => {
    const { client, opened } = on(times(1, refused, true));
    const upload = client.collect();
    expect(await codeOf(upload.finish())).toBe("unavailable");
    expect(opened.length).toBe(1);
  });
});

describe("while an attempt follows another,", () => {
  test("the deadline goes on, and the server is told what is left of it", async () => {
    const { client, opened, host } = on(times(1, refused, true), { protocol: "grpc" });
    const call = client.greet({}, { timeoutMs: 500 });
    await Promise.resolve();
    host.advance(200);
    expect(await codeOf(call)).toBe("ok");
    const timeouts = opened.map(({ head }) => head.fields[head.fields.indexOf("grpc-timeout") + 1]);
    expect(timeouts).toEqual(["500m", "300m"]);
  });

  test("a deadline that passes ends the call, and no other one is made", async () => {
    const { client, opened, host } = on(times(1, refused, true));
    const call = client.greet({}, { timeoutMs: 500 });
    await Promise.resolve();
    host.advance(500);
    expect(await codeOf(call)).toBe("deadline_exceeded");
    await quiet();
    expect([opened.length, host.timers]).toEqual([1, 0]);
  });

  test("the call may be canceled, and no other one is made", async () => {
    const { client, opened, clientEnds } = on(times(1, refused, true));
    const controller = new AbortController();
    const call = client.greet({}, { signal: controller.signal });
    await Promise.resolve();
    controller.abort();
    expect(await codeOf(call)).toBe("canceled");
    await quiet();
    expect(opened.length).toBe(1);
    expect(clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
  });

  test("observers hear of one call, which sends once", async () => {
    const heard: string[] = [];
    const observer = (): object => ({
      headers: () => heard.push("headers"),
      sent: () => heard.push("sent"),
      received: () => heard.push("received"),
      end: ({ code }: CallEnd) => heard.push(code),
    });
    const { client } = on(times(1, refused, true), { transport: { observers: [observer] } });
    await client.greet({});
    await quiet();
    expect(heard).toEqual(["sent", "headers", "received", "ok"]);
  });
});
