import { describe, expect, test } from "vitest";
import type { App, HandlerCall, Interceptor } from "@millrace/core";
import { envelope, RawCall } from "../support/raw-call.ts";
import { protocols, quiet, stage } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

const readings: [string, (call: Pick<HandlerCall, "requestHeaders">) => void][] = [
  ["iterates over them", ({ requestHeaders }) => void [...requestHeaders]],
  ["asks for the bytes", ({ requestHeaders }) => void requestHeaders.getBinary("x-bin")],
];

describe.each(protocols)("request headers whose -bin value is no base64, %s", (protocol) => {
  async function greet(on: Stage, value: string): Promise<string> {
    const type = protocol === "connect" ? "application/proto" : `application/${protocol}`;
    const body = protocol === "connect" ? new Uint8Array(0) : envelope(new Uint8Array(0));
    const fields = ["content-type", type, "x-bin", value];
    const raw = new RawCall(on.connector, "/greet.v1.GreetService/Greet", fields, body);
    await raw.answered;
    await quiet();
    const [end] = on.serverEnds;
    return `${end?.code} ${end?.error?.message ?? ""}`.trim();
  }

  test.each(readings)("are the client's fault where a handler %s", async (_, read) => {
    const on = stage({ greet: (_request, call) => (read(call), {}) }, { protocol });
    expect(await greet(on, "!!!")).toBe('invalid_argument metadata "x-bin" is not base64: "!!!"');
    expect(on.errors).toEqual([]);
    expect(on.host.told).toEqual([]);
  });

  const shortened: Interceptor = (call, next) => next(call.with({ timeoutMs: 1000 }));
  const apps: [string, (read: (typeof readings)[number][1]) => Partial<App>][] = [
    ["a gate", (read) => ({ gate: (call) => read(call) })],
    [
      "an interceptor",
      (read) => ({
        interceptors: [(call, next) => (read({ requestHeaders: call.requestHeaders }), next(call))],
      }),
    ],
    [
      "an interceptor, of a changed call,",
      (read) => ({
        interceptors: [
          shortened,
          (call, next) => (read({ requestHeaders: call.requestHeaders }), next(call)),
        ],
      }),
    ],
  ];
  test.each(apps)("are the client's fault where %s reads them", async (_, app) => {
    for (const [, read] of readings) {
      const on = stage({ greet: () => ({}) }, { protocol, app: app(read) });
      expect(await greet(on, "A")).toBe('invalid_argument metadata "x-bin" is not base64: "A"');
      expect(on.errors).toEqual([]);
    }
  });

  test("harm nobody who does not read their bytes", async () => {
    const on = stage(
      { greet: (_request, { requestHeaders }) => ({ greeting: `${requestHeaders.get("x-bin")}` }) },
      { protocol },
    );
    expect(await greet(on, "!!!")).toBe("ok");
  });

  test("are the handler's fault once it writes them itself", async () => {
    const copy = ({ requestHeaders, responseHeaders }: HandlerCall): void =>
      void responseHeaders.set("x-bin", requestHeaders.get("x-bin") ?? "");
    const on = stage({ greet: (_request, call) => (copy(call), {}) }, { protocol });
    expect(await greet(on, "!!!")).toMatch(/^internal metadata "x-bin" is given text that is not base64/);
    expect(on.errors).toHaveLength(1);
  });
});
