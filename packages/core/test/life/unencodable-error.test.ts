import { create } from "@bufbuild/protobuf";
import { RpcError } from "@millrace/core";
import type { Interceptor } from "@millrace/core";
import { errorDetail } from "@millrace/core/reflect";
import { describe, expect, test } from "vitest";
import { MoodSchema } from "../../../../gen/greet/v1/greet_pb.ts";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { protocols, stage } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

const detail = errorDetail(MoodSchema, { level: 1 });
const message = create(MoodSchema, { level: 1 });

/** What code without types gives as details, and what it is told. */
const wrongDetails: [string, unknown, string][] = [
  ["a string", ["quota"], "details[0] is a string: make it with errorDetail(schema, …)"],
  ["undefined", [undefined], "details[0] is undefined: make it with errorDetail(schema, …)"],
  ["null", [null], "details[0] is null: make it with errorDetail(schema, …)"],
  [
    "a message",
    [detail, message],
    "details[1] is a greet.v1.Mood message: wrap it in errorDetail(MoodSchema, …)",
  ],
  [
    "a nested message",
    [{ $typeName: "greet.v1.Quota.Used" }],
    "details[0] is a greet.v1.Quota.Used message: wrap it in errorDetail(Quota_UsedSchema, …)",
  ],
  [
    "a descriptor and a value",
    [{ desc: MoodSchema, value: { level: 1 } }],
    "details[0] is an object with desc and value: write errorDetail(desc, value)",
  ],
  [
    "a detail whose value is no bytes",
    [{ type: "greet.v1.Mood", value: "AQ" }],
    "details[0] is an object without type and value: make it with errorDetail(schema, …)",
  ],
  [
    "a prefix without its slash",
    [{ type: "a.B", value: new Uint8Array(0), typeUrlPrefix: "x.io" }],
    'details[0].typeUrlPrefix is "x.io": it must end in a slash, or be empty',
  ],
  [
    "a prefix that is no string",
    [{ type: "a.B", value: new Uint8Array(0), typeUrlPrefix: 5 }],
    "details[0].typeUrlPrefix is a number: it must end in a slash, or be empty",
  ],
  [
    "no array",
    detail,
    "details is an object without type and value: it must be an array of what errorDetail() makes",
  ],
  ["a text", "quota", "details is a string: it must be an array of what errorDetail() makes"],
];

const failing = (reason: () => unknown): GreetServiceHandlers => ({
  greet() {
    throw reason();
  },
  async *watch() {
    yield { greeting: "first" };
    throw reason();
  },
  collect: () => Promise.reject(reason()),
  async *chat() {
    throw reason();
  },
});

async function drained(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}

const calls: [string, (on: Stage) => Promise<unknown>][] = [
  ["unary", ({ client }) => client.greet({})],
  ["server stream, behind a message", ({ client }) => drained(client.watch({}))],
  ["client stream", ({ client }) => client.collect([])],
  ["bidi", ({ client }) => client.chat([]).receive()],
];

test.each(wrongDetails)("an RpcError takes no details that are none: %s", (_, details, text) => {
  expect(() => new RpcError("internal", "x", { details: details as [] })).toThrow(new TypeError(text));
});

test.each([
  ["INVALID_ARGUMENT", '"INVALID_ARGUMENT" is not an RPC code: write "invalid_argument"'],
  ["ENOENT", '"ENOENT" is not an RPC code: see the type Code'],
  [3, "3 is not an RPC code: see the type Code"],
])("an RpcError takes no code that is none: %s", (code, text) => {
  expect(() => new RpcError(code as never, "x")).toThrow(new TypeError(text));
});

test("what becomes of the array that an RpcError was given is nothing to it", () => {
  const details = [detail];
  const error = new RpcError("internal", "x", { details });
  details.length = 0;
  expect(error.details).toEqual([detail]);
});

/** What a handler can make of an RpcError behind its back, and what who serves is told. */
const broken: [string, () => unknown, string][] = [
  ["details", () => Object.assign(new RpcError("aborted", "x"), { details: ["quota"] }), ""],
  ["no details", () => Object.assign(new RpcError("aborted", "x"), { details: undefined }), ""],
  [
    "its code",
    () => Object.assign(new RpcError("aborted", "x"), { code: "ENOENT" }),
    '"ENOENT" is not an RPC code',
  ],
  ["its metadata", () => Object.assign(new RpcError("aborted", "x"), { metadata: null }), ""],
  [
    "its message",
    () => Object.assign(new RpcError("aborted", "x"), { message: 1 }),
    "the message of an RpcError is not a string",
  ],
  ["all of it, by a proxy", () => new Proxy(new RpcError("aborted", "x"), {}), ""],
];

const passing: Interceptor = (call, next) => next(call);

describe.each(protocols)("an error that cannot be encoded: %s", (protocol) => {
  describe.each([
    ["without interceptors", []],
    ["behind an interceptor", [passing]],
  ])("%s", (_, interceptors) => {
    describe.each(broken)("%s", (_what, reason, why) => {
      test.each(calls)("the client has a fixed text, who serves the whole: %s", async (_kind, call) => {
        const thrown = reason();
        const on = stage(
          failing(() => thrown),
          { protocol, app: { interceptors } },
        );
        await expect(call(on)).rejects.toMatchObject({
          code: "internal",
          message: "the error of this call cannot be encoded",
        });
        expect(on.errors).toHaveLength(1);
        expect(on.errors[0]).toMatchObject({
          message: expect.stringContaining(`cannot be encoded: ${why}`) as string,
          cause: thrown,
        });
        expect(on.serverEnds).toMatchObject([{ code: "internal" }]);
      });
    });
  });

  test("details that are none are a bug of the handler, like any other", async () => {
    const on = stage(
      failing(() => new RpcError("aborted", "x", { details: [message as never] })),
      { protocol },
    );
    await expect(on.client.greet({})).rejects.toMatchObject({ code: "unknown", message: "unexpected error" });
    expect(String(on.errors[0])).toMatch(/details\[0\] is a greet\.v1\.Mood message/);
  });

  test("a gate throws one", async () => {
    const gate = (): never => {
      throw Object.assign(new RpcError("aborted", "x"), { details: [undefined] });
    };
    const on = stage(
      failing(() => undefined),
      { protocol, app: { gate } },
    );
    await expect(on.client.greet({})).rejects.toMatchObject({ code: "internal" });
  });
});
