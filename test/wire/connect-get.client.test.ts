// README.md, section 2, Connect GET: our client, answered by hand.
// Nothing to observe: §2.3, §2.4 "padding optional", §2.9 to §2.11 say what a server does.
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
  StructSchema,
} from "@bufbuild/protobuf/wkt";
import { file_google_protobuf_struct } from "@bufbuild/protobuf/wkt";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fromDescriptor } from "@millrace/core/reflect";
import { callUnary, createClient, createTransport, isNotModified, RpcError } from "@millrace/node";
import type { CallOptions, TransportOptions } from "@millrace/node";
import { OddService } from "../../gen/greet/v1/greet_millrace.ts";
import { greeting, utf8 } from "../support/bytes.ts";
import { clientOf, greetOnce } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Heard } from "../support/raw-server.ts";
import type { Reply } from "../support/reply.ts";
import { greet } from "../support/wires.ts";
import { type } from "../support/table.ts";

expectQuiet();

const proto: Reply = { headers: type("application/proto"), body: greeting("one") };
const json: Reply = { headers: type("application/json"), body: utf8("{}") };

describe.each(["1.1", "2"] as const)("over HTTP/%s", (http) => {
  async function sent(
    options: Partial<TransportOptions> = {},
    call: CallOptions = {},
    name = "Ada",
  ): Promise<Heard> {
    await using server = await rawServer(http);
    server.act = options.codec === "json" ? json : proto;
    await clientOf(server, { connectGet: true, ...options }).greet({ name }, call);
    return server.request(0);
  }

  test("§2.1 only unary methods without side effects go by GET, and only when asked", async () => {
    expect((await sent()).method).toBe("GET");
    expect((await sent({ connectGet: false })).method).toBe("POST");
    await using server = await rawServer(http);
    const client = clientOf(server, { connectGet: true });
    server.act = {
      headers: type("application/connect+proto"),
      body: Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 2, 0, 0, 0, 2]), utf8("{}")]),
    };
    await client.watch({}).receive();
    await client.collect([]);
    server.act = proto;
    await createClient(
      OddService,
      createTransport({ baseUrl: server.url, httpVersion: http, connectGet: true }),
    ).close({});
    expect(server.heard.map(({ method }) => method)).toEqual(["POST", "POST", "POST"]);
  });

  test("§2.2 the query is in the order that caches rely on", async () => {
    expect((await sent()).target).toBe(`${greet}?connect=v1&base64=1&encoding=proto&message=CgNBZGE`);
    expect((await sent({ codec: "json" })).target).toBe(
      `${greet}?connect=v1&encoding=json&message=%7B%22name%22%3A%22Ada%22%7D`,
    );
    const packed = await sent(
      { connectGet: { maxUrlBytes: 300 }, compression: { send: "gzip" } },
      {},
      "a".repeat(500),
    );
    expect(packed.target).toMatch(/\?connect=v1&base64=1&compression=gzip&encoding=proto&message=[\w-]+$/);
  });

  test("§2.4 base64 is URL-safe and unpadded", async () => {
    const { target } = await sent({}, {}, "~~~???>>>");
    const message = target.slice(target.indexOf("&message=") + 9);
    expect(message).toMatch(/^[\w-]+$/);
    expect(message).toMatch(/[-_]/);
    expect(Buffer.from(message, "base64url")).toEqual(greeting("~~~???>>>"));
  });

  test("§2.5 binary and compressed payloads are base64, and text is not", async () => {
    expect((await sent()).target).toContain("base64=1");
    expect((await sent({ codec: "json" })).target).not.toContain("base64");
    const { target } = await sent(
      { codec: "json", connectGet: { maxUrlBytes: 300 }, compression: { send: "gzip" } },
      {},
      "a".repeat(500),
    );
    expect(target).toContain("base64=1&compression=gzip&encoding=json");
    const message = Buffer.from(target.slice(target.indexOf("&message=") + 9), "base64url");
    expect(gunzipSync(message).toString()).toBe(`{"name":"${"a".repeat(500)}"}`);
  });

  test.each(["proto", "json"] as const)("§2.6 equal messages have equal URLs: %s", async (codec) => {
    const registry = createFileRegistry(
      create(FileDescriptorProtoSchema, {
        name: "cache.proto",
        syntax: "proto3",
        dependency: ["google/protobuf/struct.proto"],
        service: [
          {
            name: "Cache",
            method: [
              {
                name: "Get",
                inputType: ".google.protobuf.Struct",
                outputType: ".google.protobuf.Struct",
                options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
              },
            ],
          },
        ],
      }),
      () => file_google_protobuf_struct.proto,
    );
    const [method] = fromDescriptor(registry.getService("Cache")!).methods;
    if (method?.kind !== "unary") throw new Error("there is no method");
    await using server = await rawServer(http);
    server.act = codec === "json" ? json : { headers: type("application/proto"), body: Buffer.alloc(0) };
    const transport = createTransport({ baseUrl: server.url, httpVersion: http, connectGet: true, codec });
    const text = (value: string) => ({ kind: { case: "stringValue" as const, value } });
    const one = create(StructSchema, { fields: { a: text("1"), b: text("2") } as never });
    const other = create(StructSchema, { fields: { b: text("2"), a: text("1") } as never });
    for (const message of [one, other]) await callUnary(transport, method, message);
    expect(server.heard.length).toBe(2);
    expect(server.heard[1]?.target).toBe(server.heard[0]?.target);
  });

  test("§2.7 there is no connect-protocol-version, content-type or content-encoding", async () => {
    const request = await sent(
      { connectGet: { maxUrlBytes: 300 }, compression: { send: "gzip" } },
      { headers: { a: "b" } },
      "a".repeat(500),
    );
    expect([request.method, request.body.length, request.field("a")]).toEqual(["GET", 0, "b"]);
    const names = request.fields.filter((_, i) => i % 2 === 0);
    for (const name of ["connect-protocol-version", "content-type", "content-encoding"])
      expect(names).not.toContain(name);
    expect(request.field("accept-encoding")).toBe("gzip, br, zstd, deflate");
  });

  test("§2.8 the timeout is a header", async () => {
    const request = await sent({}, { timeoutMs: 60_000 });
    expect(request.field("connect-timeout-ms")).toMatch(/^(5\d{4}|60000)$/);
    expect(request.target).not.toContain("timeout");
  });

  test("§2.12 a URL at the limit is sent; one byte more is compressed, or else a POST", async () => {
    await using server = await rawServer(http);
    server.act = proto;
    const length = `${server.url}${greet}?connect=v1&base64=1&encoding=proto&message=CgNBZGE`.length;
    const way = async (maxUrlBytes: number, send: string[] = []): Promise<string | undefined> => {
      const client = clientOf(server, { connectGet: { maxUrlBytes }, compression: { send } });
      await client.greet({ name: "Ada" });
      return server.heard.at(-1)?.method;
    };
    expect(await way(length)).toBe("GET");
    expect(await way(length - 1)).toBe("POST");
    expect(server.heard.at(-1)).toMatchObject({ target: greet, body: greeting("Ada") });
    // Compressed it is no shorter.
    expect(await way(length - 1, ["gzip"])).toBe("POST");
    expect(server.heard.at(-1)?.field("content-encoding")).toBeUndefined();
  });

  test("§2.13 a 304 is told from other errors, and its headers can be read", async () => {
    await using server = await rawServer(http);
    server.act = { status: 304, headers: ["etag", '"1"', "vary", "accept-encoding"] };
    for (const name of ["if-none-match", "if-modified-since"]) {
      const client = clientOf(server, { connectGet: true, headers: { [name]: "x" } });
      const ended = await greetOnce(client);
      expect([ended.code, ended.message, isNotModified(ended.error)]).toEqual([
        "unknown",
        "not modified",
        true,
      ]);
      expect(RpcError.from(ended.error).metadata.get("etag")).toBe('"1"');
    }
    expect(server.heard.map(({ method }) => method)).toEqual(["GET", "GET"]);
  });

  test("§2.13 a 304 to a POST, or to a GET that does not say what it has, is a status like any other", async () => {
    await using server = await rawServer(http);
    server.act = { status: 304, headers: ["etag", '"1"'] };
    const headers = { "if-none-match": '"1"' };
    for (const client of [
      clientOf(server, { headers }),
      clientOf(server, { headers, connectGet: { maxUrlBytes: 1 } }),
      clientOf(server, { connectGet: true }),
    ]) {
      const ended = await greetOnce(client);
      expect([ended.code, isNotModified(ended.error)]).toEqual(["unknown", false]);
      expect(ended.message).toContain("HTTP status 304");
    }
    expect(server.heard.map(({ method }) => method)).toEqual(["POST", "POST", "GET"]);
  });
});
