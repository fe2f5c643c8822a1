// README.md, section 5, gRPC-Web: our client, answered by hand. What it shares with gRPC is tested with §4.
// Nothing to observe: §5.4 and §5.9 are the server's.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { envelope, greeting } from "../support/bytes.ts";
import { data, headers } from "../support/frames.ts";
import { clientOf, greetOnce, watchAll } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Reply } from "../support/reply.ts";
import { greet } from "../support/wires.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const protocol = "grpc-web";
const message = envelope(0, greeting("one"));
const block = (text: string, flags = 0x80): Buffer => envelope(flags, Buffer.from(text, "latin1"));
const ok = block("grpc-status: 0\r\n");
const reply = (...parts: Uint8Array[]): Reply => ({
  headers: type("application/grpc-web+proto"),
  body: Buffer.concat(parts),
});

describe.each(["1.1", "2"] as const)("over HTTP/%s", (http) => {
  test("§5.1 the content type names the codec; a response's that does not means proto", async () => {
    await using server = await rawServer(http);
    server.act = { headers: type("application/grpc-web"), body: Buffer.concat([message, ok]) };
    expect((await greetOnce(clientOf(server, { protocol }))).code).toBe("ok");
    server.act = {
      headers: type("application/grpc-web+json"),
      body: Buffer.concat([envelope(0, "{}"), ok]),
    };
    expect((await greetOnce(clientOf(server, { protocol, codec: "json" }))).code).toBe("ok");
    const [binary, text] = server.heard;
    expect([binary?.method, binary?.target, binary?.field("content-type"), binary?.body]).toEqual([
      "POST",
      greet,
      "application/grpc-web+proto",
      envelope(0, greeting("Ada")),
    ]);
    expect([text?.field("content-type"), text?.body]).toEqual([
      "application/grpc-web+json",
      envelope(0, '{"name":"Ada"}'),
    ]);
  });

  test("§5.2 the trailers are the trailers, without what is the protocol's", async () => {
    await using server = await rawServer(http);
    server.act = reply(message, block("grpc-status: 0\r\ngrpc-message: \r\na: 1\r\na: 2\r\nb-bin: AQI=\r\n"));
    const { trailers } = await clientOf(server, { protocol }).greet({}).withMetadata();
    expect([...trailers]).toEqual([
      ["a", "1"],
      ["a", "2"],
      ["b-bin", new Uint8Array([1, 2])],
    ]);
  });

  test("§5.5 names in mixed case, and duplicates, are read", async () => {
    await using server = await rawServer(http);
    server.act = reply(message, block("Grpc-Status: 0\r\nX-Y: 1\r\nx-y:2\r\nX-y:  3 \r\n"));
    const { trailers } = await clientOf(server, { protocol }).greet({}).withMetadata();
    expect([...trailers]).toEqual([
      ["x-y", "1"],
      ["x-y", "2"],
      ["x-y", "3"],
    ]);
  });

  test("§5.7 a request has no HTTP trailers, and te: trailers is not asked for", async () => {
    await using server = await rawServer(http);
    server.act = reply(message, ok);
    await greetOnce(clientOf(server, { protocol }));
    const request = await server.request(0);
    expect([request.trailers, request.field("te")]).toEqual([null, undefined]);
  });

  test("§5.8 trailers-only: a stream fails with the status, and nobody is told of headers", async () => {
    await using server = await rawServer(http);
    server.act = {
      headers: type("application/grpc-web", "grpc-status", "5", "grpc-message", "a%20b", "x", "y"),
    };
    const replies = clientOf(server, { protocol }).watch({});
    await expect(replies.headers).rejects.toMatchObject({ code: "not_found", message: "a b" });
    const { error } = await watchAll(clientOf(server, { protocol }));
    expect([error?.code, error?.metadata.get("x")]).toEqual(["not_found", "y"]);
  });
});

test("§5.7 HTTP trailers are not the protocol's, and do not stand in for it", async () => {
  await using server = await rawServer("2");
  const client = clientOf(server, { protocol });
  const send = (...body: Uint8Array[]): void => {
    server.act = (socket, stream) =>
      socket.write(
        Buffer.concat([
          headers(stream, false, ":status", "200", ...type("application/grpc-web+proto")),
          data(stream, false, Buffer.concat(body)),
          headers(stream, true, "grpc-status", "0"),
        ]),
      );
  };
  send(message);
  expect((await greetOnce(client)).code).toBe("internal");
  send(message, block("grpc-status: 10\r\n"));
  expect((await greetOnce(client)).code).toBe("aborted");
});

const rows: readonly Row[] = [
  {
    name: "§5.2 an error behind a message",
    reply: reply(message, block("grpc-status: 10\r\ngrpc-message: a%20b\r\n")),
    code: "aborted",
    text: "a b",
  },
  {
    name: "§5.2 a message and no trailers",
    reply: reply(message),
    code: "internal",
    text: /without a grpc-status/,
  },
  { name: "§5.2 trailers of no bytes", reply: reply(message, block("")), code: "unknown" },
  {
    name: "§5.2 trailers with a line that is none",
    reply: reply(message, block("grpc-status: 0\r\nnonsense\r\n")),
    code: "internal",
    text: /trailers are malformed/,
  },
  {
    name: "§5.2 trailers with a line without a name",
    reply: reply(message, block(": 0\r\n")),
    code: "internal",
  },
  {
    name: "§5.3 compressed trailers",
    reply: {
      headers: type("application/grpc-web", "grpc-encoding", "gzip"),
      body: Buffer.concat([message, envelope(0x81, gzipSync("grpc-status: 10\r\n"))]),
    },
    code: "aborted",
  },
  {
    name: "§5.3 compressed trailers without a compression",
    reply: reply(message, block("x", 0x81)),
    code: "internal",
  },
  {
    name: "§5.5 bare line ends, no blank, and a final blank line",
    reply: reply(message, block("GRPC-Status:0\nX-Y:  z \n\n")),
    code: "ok",
    got: ["one"],
  },
  { name: "§5.6 trailers twice", reply: reply(message, ok, ok), code: "internal", text: /goes on behind/ },
  {
    name: "§5.6 a message behind the trailers",
    reply: reply(ok, message),
    code: "internal",
    text: /goes on behind/,
  },
  { name: "§5.6 a byte behind the trailers", reply: reply(message, ok, Buffer.alloc(1)), code: "internal" },
  {
    name: "§5.8 trailers-only",
    reply: { headers: type("application/grpc-web", "grpc-status", "5", "grpc-message", "a%20b") },
    code: "not_found",
    text: "a b",
  },
];
table({ protocol, https: ["1.1", "2"], run: greetOnce, good: reply(message, ok) }, rows);
