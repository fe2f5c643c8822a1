// README.md, section 7, details and metadata: our client, answered by hand.
// Nothing to observe: §7.3 and §7.7 are a server's that has a client inside.
import { describe, expect, test } from "vitest";
import { createClient, createTransport, setHeaders } from "@millrace/node";
import type { MetadataInit } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { envelope, utf8 } from "../support/bytes.ts";
import { clientOf, greetOnce, watchAll } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Reply } from "../support/reply.ts";
import { framed, kinds } from "../support/kinds.ts";
import { statusBin } from "./status-bin.ts";
import { type } from "../support/table.ts";

expectQuiet();

const details = [
  { type: "a.B", value: new Uint8Array([0xfb, 0xff, 1, 0]) },
  { type: "nobody.knows.Thing", value: new Uint8Array(0) },
];
const json = (padding: string): string =>
  JSON.stringify({
    code: "aborted",
    message: "m",
    details: [
      { type: "a.B", value: `+/8BAA${padding}`, debug: { "@type": "type.googleapis.com/a.B", lies: true } },
      { type: "type.googleapis.com/nobody.knows.Thing", value: "" },
    ],
  });
const status = [
  "grpc-status",
  "10",
  "grpc-message",
  "m",
  "grpc-status-details-bin",
  statusBin(10, "m", details),
];

/** An error as each protocol has it, with `a: header` among the headers and `a: trailer` among the trailers. */
const errors: readonly (readonly [string, "connect" | "grpc" | "grpc-web", "1.1" | "2", Reply])[] = [
  ...(["", "=="] as const).map(
    (padding) =>
      [
        `Connect unary, ${padding === "" ? "unpadded" : "padded"}`,
        "connect",
        "1.1",
        {
          status: 409,
          headers: type("application/json", "a", "header", "trailer-a", "trailer"),
          body: utf8(json(padding)),
        },
      ] as const,
  ),
  [
    "a Connect stream",
    "connect",
    "2",
    {
      headers: type("application/connect+proto", "a", "header"),
      body: envelope(2, `{"error":${json("")},"metadata":{"a":["trailer"]}}`),
    },
  ],
  [
    "gRPC",
    "grpc",
    "2",
    {
      headers: type("application/grpc", "a", "header"),
      body: Buffer.alloc(0),
      trailers: [...status, "a", "trailer"],
    },
  ],
  [
    "gRPC-Web",
    "grpc-web",
    "1.1",
    {
      headers: type("application/grpc-web", "a", "header"),
      body: envelope(
        0x80,
        [...status, "a", "trailer"].map((text, i) => text + (i % 2 === 0 ? ": " : "\r\n")).join(""),
      ),
    },
  ],
];

test.each(errors)(
  "§7.1 §7.2 §7.6 %s: details as they came, metadata of headers and trailers",
  async (name, protocol, http, reply) => {
    await using server = await rawServer(http);
    server.act = reply;
    const run = name === "a Connect stream" ? watchAll : greetOnce;
    const { code, message, error } = await run(clientOf(server, { protocol }));
    expect([code, message, error?.details]).toEqual(["aborted", "m", details]);
    expect(error?.metadata.getAll("a")).toEqual(["header", "trailer"]);
    // What is the protocol's is no metadata.
    expect(new Set([...(error?.metadata ?? [])].map(([key]) => key))).toEqual(new Set(["a"]));
  },
);

describe.each(kinds.flatMap((kind) => kind.https.map((http) => [kind.name, http, kind] as const)))(
  "%s over HTTP/%s",
  (_name, http, kind) => {
    test("§7.4 duplicates are preserved, in order, in requests and responses", async () => {
      await using server = await rawServer(http);
      const { headers, ...rest } = kind.respond([framed(kind, "")]);
      server.act = { headers: [...headers, "a", "2", "b", "x", "a", "1", "a", "2"], ...rest };
      const client = clientOf(server, { protocol: kind.protocol });
      const options = {
        headers: [
          ["a", "2"],
          ["b", "x"],
          ["a", "1"],
          ["a", "2"],
        ] as const,
      };
      const seen =
        kind.run === watchAll
          ? await client.watch({}, options).headers
          : (await client.greet({}, options).withMetadata()).headers;
      expect(seen.getAll("a")).toEqual(["2", "1", "2"]);
      const { fields } = await server.request(0);
      expect(fields.filter((_, i) => fields[i - 1] === "a" && i % 2 === 1)).toEqual(["2", "1", "2"]);
    });

    test("§7.5 every character from 0x20 to 0x7E is sent and received", async () => {
      await using server = await rawServer(http);
      const printable = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i)).join(
        " ",
      );
      const { headers, ...rest } = kind.respond([framed(kind, "")]);
      server.act = { headers: [...headers, "a", printable], ...rest };
      const client = clientOf(server, { protocol: kind.protocol });
      const options = { headers: { a: printable } };
      const seen =
        kind.run === watchAll
          ? await client.watch({}, options).headers
          : (await client.greet({}, options).withMetadata()).headers;
      expect([seen.get("a"), (await server.request(0)).field("a")]).toEqual([printable, printable]);
    });

    test("§7.8 grpc-trace-bin and grpc-tags-bin are users'", async () => {
      await using server = await rawServer(http);
      server.act = kind.respond([framed(kind, "")]);
      const headers = { "grpc-trace-bin": new Uint8Array([1]), "grpc-tags-bin": new Uint8Array([2, 3]) };
      await clientOf(server, { protocol: kind.protocol })
        .greet({}, { headers })
        .catch(() => {});
      const request = await server.request(0);
      expect([request.field("grpc-trace-bin"), request.field("grpc-tags-bin")]).toEqual(["AQ", "AgM"]);
    });
  },
);

const bad: readonly (readonly [string, MetadataInit, RegExp])[] = [
  [
    "§7.5 a line end in a value",
    { x: "a\r\ninjected: 1" },
    /metadata "x" has a character outside printable ASCII/,
  ],
  ["§7.5 a bare line feed", { x: "a\nb" }, /metadata "x"/],
  ["§7.5 a NUL", { x: "\0" }, /metadata "x"/],
  ["§7.5 0x7F", { x: "\u007f" }, /metadata "x"/],
  ["§7.5 a letter outside ASCII", { x: "é" }, /send such values as bytes in "x-bin"/],
  ["§7.5 a list with a bad one", { x: ["a", "b\n"] }, /metadata "x"/],
  ["§7.5 a line end in a name", { "x\r\ninjected": "1" }, /metadata name "x\\r\\ninjected" is not a token/],
  ["§7.5 a blank in a name", { "a b": "1" }, /not a token/],
  ["§7.5 an empty name", { "": "1" }, /not a token/],
  [
    "§7.5 a text that is not base64 in -bin",
    { "x-bin": "!" },
    /metadata "x-bin" is given text that is not base64/,
  ],
  [
    "§7.5 bytes under a name without -bin",
    { x: new Uint8Array(1) },
    /metadata "x" is given bytes.*name it "x-bin"/,
  ],
  ["§7.5 a number", { x: 5 as never }, /metadata "x" must be a string or bytes, not number/],
  ["§7.5 null", { x: null as never }, /./],
  ["§7.5 pairs that are none", [["x"]] as never, /./],
  ...[
    ...[
      ":path",
      "te",
      "host",
      "connection",
      "transfer-encoding",
      "content-length",
      "Content-Type",
      "trailer",
    ],
    ...[
      "trailer-x",
      "grpc-timeout",
      "grpc-anything",
      "grpc-status-details-bin",
      "connect-timeout-ms",
      "connect-x",
    ],
  ].map(
    (name) =>
      [
        `§7.8 ${name}`,
        { [name]: "1" },
        new RegExp(`metadata name "${name}" is reserved for HTTP or the protocol`),
      ] as const,
  ),
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
    expect([server.connections, server.heard.length]).toEqual([0, 0]);
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
});
