// Metadata that would break the wire: set by a user, or come in from a peer and passed on (PROTOCOL.md section 7).
import { describe, expect, test } from "vitest";
import { createClient, createTransport, RpcError, setHeaders } from "@millrace/node";
import type { MetadataInit, Protocol } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { greeter } from "../support/greeter.ts";
import { fromText, said } from "../support/answer.ts";
import { envelope, greeting } from "../support/bytes.ts";
import { expectQuiet } from "../support/quiet.ts";
import { clientOf } from "../support/our-client.ts";
import { rawServer } from "../support/raw-server.ts";
import { carriages, served } from "../support/served.ts";
import { goodBody, greet, wires } from "../support/wires.ts";

expectQuiet();

const bad: readonly (readonly [string, MetadataInit, RegExp])[] = [
  [
    "a line end in a value",
    { x: "a\r\ninjected: 1" },
    /metadata "x" has a character outside printable ASCII/,
  ],
  ["a bare line feed", { x: "a\nb" }, /metadata "x"/],
  ["a NUL", { x: "\0" }, /metadata "x"/],
  ["a letter outside ASCII", { x: "é" }, /send such values as bytes in "x-bin"/],
  ["a line end in a name", { "x\r\ninjected": "1" }, /metadata name "x\\r\\ninjected" is not a token/],
  ["a blank in a name", { "a b": "1" }, /not a token/],
  ["an empty name", { "": "1" }, /not a token/],
  ["a reserved name", { "Content-Type": "text/html" }, /metadata name "Content-Type" is reserved/],
  ["a pseudo-field", { ":path": "/x" }, /metadata name ":path" is reserved/],
  ["a name of the protocol", { "grpc-timeout": "1S" }, /reserved/],
  ["a text that is not base64 in -bin", { "x-bin": "!" }, /metadata "x-bin" must be bytes or base64 text/],
  ["bytes under a name without -bin", { x: new Uint8Array(1) }, /give it a name that ends in "-bin"/],
  ["a number", { x: 5 as never }, /metadata "x" must be a string or bytes, not number/],
  ["null", { x: null as never }, /./],
  ["a list with a bad one", { x: ["a", "b\n"] }, /metadata "x"/],
  ["pairs that are none", [["x"]] as never, /./],
];

describe.each([
  ["connect", "1.1"],
  ["connect", "2"],
  ["grpc-web", "1.1"],
  ["grpc", "2"],
] as const)("a client's headers over %s and HTTP/%s", (protocol, http) => {
  test.each(bad)("%s fails the call before anything is sent", async (_name, headers, text) => {
    await using server = await rawServer(http);
    const client = clientOf(server, { protocol });
    const expected = { code: "internal", message: expect.stringMatching(text) as string };
    await expect(client.greet({}, { headers })).rejects.toMatchObject(expected);
    await expect(client.watch({}, { headers }).receive()).rejects.toMatchObject(expected);
    await expect(client.collect([], { headers })).rejects.toMatchObject(expected);
    if (http === "2") await expect(client.chat({ headers }).receive()).rejects.toMatchObject(expected);
    expect([server.connections, server.requests]).toEqual([0, 0]);
  });

  test.each(bad)("%s, set by an interceptor, does too", async (_name, headers, text) => {
    await using server = await rawServer(http);
    const client = clientOf(server, { protocol, interceptors: [setHeaders(headers)] });
    await expect(client.greet({})).rejects.toMatchObject({ message: expect.stringMatching(text) as string });
    await expect(client.watch({}).receive()).rejects.toMatchObject({ code: "internal" });
    expect(server.connections).toBe(0);
  });

  test.each(bad)(
    "%s, given to the transport or the client, is refused there and then",
    async (_name, headers, text) => {
      const options = { baseUrl: "http://127.0.0.1:1", protocol, httpVersion: http };
      expect(() => createTransport({ ...options, headers })).toThrow(text);
      expect(() => createTransport({ ...options, headers })).toThrow(TypeError);
      expect(() => createClient(GreetService, createTransport(options), { headers })).toThrow(text);
    },
  );

  test("a request that cannot be written fails the call before anything is sent", async () => {
    await using server = await rawServer(http);
    const client = clientOf(server, { protocol });
    await expect(client.greet({ mood: { level: 1.5 } })).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("cannot encode greet.v1.GreetRequest") as string,
    });
    expect(server.connections).toBe(0);
  });
});

describe("what an upstream says in the body of its answer cannot break the relay's", () => {
  const evil = "v\r\ngrpc-status: 0\r\n\r\ninjected: 1\0é日";
  const block = (status: number): Buffer =>
    envelope(
      0x80,
      Buffer.concat([
        Buffer.from(`grpc-status: ${status}\r\nx-a: v\0w\r\nx-b: \xe9\r\nx c: y\r\nx-good: 1\r\n`, "latin1"),
      ]),
    );
  const endStream = (error: boolean): Buffer =>
    envelope(
      2,
      JSON.stringify({
        ...(error ? { error: { code: "aborted", message: evil } } : {}),
        metadata: {
          "x-a": [evil, "ok"],
          "x\r\ninjected": ["1"],
          "": ["1"],
          "x b": ["1"],
          "x-c": ["日"],
          "grpc-status": ["0"],
          "content-length": ["0"],
          "x-good": ["1"],
        },
      }),
    );

  const upstreams: readonly (readonly [string, Protocol, string, (error: boolean) => Buffer])[] = [
    ["Connect", "connect", "application/connect+proto", endStream],
    ["gRPC-Web", "grpc-web", "application/grpc-web+proto", (error) => block(error ? 10 : 0)],
  ];
  describe.each(carriages.filter(({ name }) => name.startsWith("serve")))("$name", (carriage) => {
    test.each(upstreams)("from a %s upstream", async (_name, protocol, type, end) => {
      await using server = await rawServer("1.1");
      const upstream = clientOf(server, { protocol });
      const refusals: string[] = [];
      await using relay = await served(
        carriage,
        greeter({
          async greet(_request, call) {
            const replies = upstream.watch({});
            try {
              await replies.receive();
              await replies.receive();
            } catch (error) {
              const { code, message, metadata } = error as RpcError;
              throw new RpcError(code, message, { metadata });
            }
            for (const [name, value] of await replies.trailers) {
              try {
                call.responseTrailers.append(name, value);
              } catch (refused) {
                refusals.push((refused as Error).message);
              }
            }
            return { greeting: "relayed" };
          },
          watch: () => upstream.watch({}),
        }),
      );
      for (const error of [false, true]) {
        server.act = {
          headers: ["content-type", type],
          body: Buffer.concat([envelope(0, greeting("one")), end(error)]),
        };
        for (const wire of wires.filter(({ over }) => over.includes(carriage.http))) {
          const answer = await relay.ask({
            path: wire.path,
            headers: ["content-type", wire.proto],
            body: goodBody(wire),
          });
          const { code } = said(answer);
          expect([wire.name, error, code]).toEqual([wire.name, error, error ? "aborted" : "ok"]);
          const fields = [...answer.headers.keys(), ...(answer.trailers?.keys() ?? [])].join("\n");
          expect(fields).not.toContain("injected");
          const isText = answer.headers.get("content-type")?.includes("text") ?? false;
          const text = (isText ? fromText(answer.body) : answer.body).toString("latin1");
          expect(text).not.toMatch(/^injected/m);
          expect(text).not.toContain("\0w");
          if (!error && wire.path === greet) expect(refusals.splice(0).length).toBeGreaterThan(1);
          if (!error || wire.path === greet) expect(fields + text).toContain("x-good");
        }
      }
    });
  });
});
