import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ErrorCode, type Peer } from "@millrace/exchange";
import { Http1Connector } from "../src/client/http1-connector.ts";
import { settings } from "../../../test/support/frames.ts";
import { pem } from "../../../test/support/pem.ts";
import { SocketServer, Talk, targetOf } from "./client-harness.ts";

const open: Http1Connector[] = [];

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close(0);
});

function connect(server: { readonly url: string }): Http1Connector {
  const connector = new Http1Connector(targetOf(server.url));
  open.push(connector);
  return connector;
}

/** Runs `answer` when the end of a request's head has come, with all that has come so far. */
async function answering(answer: (socket: Socket, received: string) => void): Promise<SocketServer> {
  return await SocketServer.listen((socket) => {
    let received = "";
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (!received.includes("\r\n\r\n")) return;
      const whole = received;
      received = "";
      answer(socket, whole);
    });
  });
}

const smtp = `220 mail.example ESMTP \x1b${"x".repeat(60)}\r\nmore\r\n`;

/** With the body given whole and with one that is streamed: two different clients underneath. */
const bodies = [
  ["given whole", null],
  ["streamed", "streamed"],
] as const;

describe.each(bodies)("a request whose body is %s", (_name, body) => {
  const whole: Record<string, [string, string, (readonly string[] | null)?]> = {
    "a content-length": ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello"],
    chunks: ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"],
    trailers: [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT-A: 1\r\nt-a: 2\r\n\r\n",
      "hello",
      ["t-a", "1", "t-a", "2"],
    ],
    "no content": ["HTTP/1.1 204 No Content\r\n\r\n", ""],
  };
  test.each(Object.keys(whole))("gets a response whole that ends by %s", async (name) => {
    const [response, text, trailers = null] = whole[name] as [string, string, (readonly string[] | null)?];
    await using server = await answering((socket) => socket.write(response));
    const talk = Talk.open(connect(server), { body, on: { head: ({ exchange }) => exchange.end(null) } });
    await talk.closes();
    expect(talk.log.filter((event) => event !== "data")).toEqual(["sent", "head", "end", "closed"]);
    expect([talk.text, talk.trailers]).toEqual([text, trailers]);
    expect(talk.peer?.address).toBe(`127.0.0.1:${server.port}`);
  });

  test("gets a response whole that ends with the connection", async () => {
    await using server = await answering((socket) =>
      socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello"),
    );
    const talk = await Talk.open(connect(server), { body }).closes();
    expect(talk.log).toEqual(["sent", "head", "data", "end", "closed"]);
    expect(talk.text).toBe("hello");
  });

  const cut: Record<string, string> = {
    "within its content-length": "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
    "within its chunks": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "within its chunks, on a connection that was to close":
      "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "within its content-length, on a connection that was to close":
      "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nhello",
  };
  test.each(Object.keys(cut))("takes a response that is cut %s for truncated", async (name) => {
    await using server = await answering((socket) => socket.end(cut[name] as string));
    const talk = await Talk.open(connect(server), { body }).closes();
    expect(talk.log).toEqual(["sent", "head", "data", "fault", "closed"]);
    expect(talk.died).toMatchObject({ by: "transport", kind: "truncated", processed: "maybe" });
    expect(talk.died?.text).toMatch(/closed the connection before the response was complete/);
  });

  test("takes a response that was to end with the connection, and ends with its reset, for cut", async () => {
    await using server = await answering((socket) =>
      socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello"),
    );
    const talk = Talk.open(connect(server), {
      body,
      on: { data: () => server.sockets[0]?.resetAndDestroy() },
    });
    await talk.closes();
    expect(talk.log).toEqual(["sent", "head", "data", "fault", "closed"]);
    expect(talk.died).toMatchObject({ by: "transport", processed: "maybe" });
  });

  test("is lost when the connection closes before the head", async () => {
    await using server = await answering((socket) => socket.end());
    const talk = await Talk.open(connect(server), { body }).closes();
    expect(talk.log).toEqual(["sent", "fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "lost", processed: "maybe" });
    expect(talk.died?.text).toMatch(
      /127\.0\.0\.1:\d+ was lost: the peer closed it, without an answer: if the server expects TLS, write https:\/\/ in the base URL$/,
    );
  });

  test("is told that a server speaks TLS", async () => {
    // A TLS alert, as OpenSSL answers to what is no handshake.
    await using server = await answering((socket) => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70])));
    const talk = await Talk.open(connect(server), { body }).closes();
    expect(talk.died).toMatchObject({ kind: "protocol", processed: "maybe" });
    expect(talk.died?.text).toMatch(/speaks TLS: the base URL says http.*use https/);
  });

  test("is told that a server speaks HTTP/2 only", async () => {
    await using server = await answering((socket) => socket.end(settings()));
    const talk = await Talk.open(connect(server), { body }).closes();
    expect(talk.died?.text).toMatch(
      /speaks HTTP\/2 only, and the request was HTTP\/1\.1: set httpVersion: "2"$/,
    );
  });

  test.each([
    ["greets first", (): Promise<SocketServer> => SocketServer.listen((socket) => socket.write(smtp))],
    ["answers in its own words", (): Promise<SocketServer> => answering((socket) => socket.end(smtp))],
  ])(
    "is shown the first bytes of a server of something else that %s, and what to check",
    async (_how, listen) => {
      await using server = await listen();
      const talk = await Talk.open(connect({ url: `${server.url}/api/` }), { body }).closes();
      expect(talk.died).toMatchObject({ by: "local", kind: "protocol", processed: "maybe" });
      expect(talk.died?.text).toBe(
        `127.0.0.1:${server.port} does not speak HTTP/1.1: it sent "220 mail.example ESMTP ?${"x".repeat(16)}...", which begins no response; check the host and the port of the base URL, ${server.url}/api`,
      );
    },
  );

  test("fails to be answered with a head that is too large", async () => {
    await using server = await answering((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nx-large: ${"x".repeat(70_000)}\r\n\r\n`),
    );
    const talk = await Talk.open(connect(server), { body }).closes();
    expect(talk.died).toMatchObject({ by: "local", kind: "limit" });
  });

  test("gets fields in lower case, in order, with their duplicates, and interim responses before", async () => {
    await using server = await answering((socket) =>
      socket.write(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nB: 1\r\nA: 2\r\nb: 3\r\nContent-Length: 0\r\n\r\n",
      ),
    );
    const talk = Talk.open(connect(server), { body, on: { end: ({ exchange }) => exchange.end(null) } });
    await talk.closes();
    expect(talk.log).toEqual(["sent", "inform 103 link x", "head", "end", "closed"]);
    expect(talk.fields).toEqual(["b", "1", "a", "2", "b", "3", "content-length", "0"]);
  });

  test("sends its fields in order with their duplicates, and the query behind the path", async () => {
    let head = "";
    await using server = await answering((socket, received) => {
      head = received;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    const fields = ["x-b", "1", "cookie", "a=1; b=2", "x-a", "2", "cookie", "c=3", "x-b", "3", "cookie", "d"];
    await Talk.open(connect(server), { body, head: { authority: "name:1", query: "q=1", fields } }).closes();
    expect(head).toMatch(/^POST \/p\.S\/M\?q=1 HTTP\/1\.1\r\nhost: name:1\r\n/);
    // But for cookies (RFC 9113 section 8.2.3).
    expect(head).toMatch(/x-b: 1\r\ncookie: a=1; b=2; c=3; d\r\nx-a: 2\r\nx-b: 3\r\n/);
  });

  test("faults on this side, unsent, for a field that cannot be sent", async () => {
    await using server = await answering(() => {});
    const talk = await Talk.open(connect(server), { body, head: { fields: ["bad name", "x"] } }).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died).toMatchObject({ by: "local", kind: "protocol", processed: "never" });
  });

  test("faults as a connection that was refused, naming host, port and reason", async () => {
    const server = await SocketServer.listen(() => {});
    const { url, port } = server;
    await server[Symbol.asyncDispose]();
    const talk = await Talk.open(connect({ url }), { body }).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toBe(`cannot connect to 127.0.0.1:${port}: ECONNREFUSED`);
  });

  test("leaves its connection to the next one", async () => {
    await using server = await answering((socket, received) => {
      if (body === null || received.endsWith("0\r\n\r\n"))
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    const connector = connect(server);
    const peers = new Set<Peer | undefined>();
    for (let i = 0; i < 3; i++) {
      const talk = Talk.open(connector, { body });
      talk.exchange.end(null);
      await talk.closes();
      expect(talk.delivered).toBe(true);
      peers.add(talk.peer);
      // It is free a turn later.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.sockets.length).toBe(1);
    expect(peers.size).toBe(1);
  });

  test.each(["end", "resetAndDestroy"] as const)(
    "outlives the %s() of an idle connection, unless they cross on the wire",
    async (ending) => {
      await using server = await answering((socket, received) => {
        if (body === null || received.endsWith("0\r\n\r\n"))
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      });
      const connector = connect(server);
      const next = async (): Promise<Talk> => {
        const talk = Talk.open(connector, { body });
        talk.exchange.end(null);
        await talk.closes();
        // Its connection is idle a turn later.
        await new Promise((resolve) => setImmediate(resolve));
        return talk;
      };
      await next();
      server.sockets[0]?.[ending]();
      const crossing = await next();
      // Undici looks before it sends.
      if (body === null) expect(crossing.log).toEqual(["sent", "head", "end", "closed"]);
      else if (crossing.died !== undefined)
        expect(crossing.died).toMatchObject({ by: "transport", kind: "lost", processed: "maybe" });
      expect((await next()).delivered).toBe(true);
    },
  );

  test("goes with its connection when it is reset, and its siblings stay", async () => {
    await using server = await answering((socket, received) => {
      if (received.includes("x-answer")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel");
    });
    const connector = connect(server);
    const fields = ["x-answer", "1"];
    const [first, second] = [
      Talk.open(connector, { body, head: { fields } }),
      Talk.open(connector, { body, head: { fields } }),
    ];
    await Promise.all([first.saw("data"), second.saw("data")]);
    first.exchange.reset(ErrorCode.CANCEL);
    await first.closes();
    expect(first.log).toEqual(["sent", "head", "data", "closed"]);
    expect([first.delivered, second.delivered]).toEqual([false, undefined]);
  });
});

test("a request without a body says so: content-length: 0 for POST, none for GET", async () => {
  const heads: string[] = [];
  await using server = await answering((socket, received) => {
    heads.push(received);
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  const connector = connect(server);
  await Talk.open(connector).closes();
  await Talk.open(connector, { body: new Uint8Array(0) }).closes();
  await Talk.open(connector, { head: { method: "GET" } }).closes();
  expect(heads.map((head) => /content-length: \d+|transfer-encoding/.exec(head)?.[0])).toEqual([
    "content-length: 0",
    "content-length: 0",
    undefined,
  ]);
});

test("a request whose body is given whole goes with its length", async () => {
  let request = "";
  await using server = await answering((socket, received) => {
    request = received;
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  await Talk.open(connect(server), { body: Buffer.from("xxhelloxx").subarray(2, 7) }).closes();
  expect(request).toMatch(/content-length: 5\r\n\r\nhello$/);
});

test("a response that comes faster than it is read leaves turns of the event loop to others", async () => {
  const size = 2 ** 24;
  await using server = await answering((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    socket.write(Buffer.alloc(size));
  });
  const talk = Talk.open(connect(server));
  let most = 0;
  for (let before = 0; talk.bytes < size; before = talk.bytes) {
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, talk.bytes - before);
  }
  await talk.closes();
  expect(talk.bytes).toBe(size);
  expect(most).toBeLessThan(2 ** 19);
});

test("a response is not read on while it is paused, also where no read ends inside a chunk", async () => {
  let connection: Socket | undefined;
  await using server = await answering((socket) => {
    connection = socket;
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  });
  const talk = Talk.open(connect(server), { on: { head: ({ exchange }) => exchange.pause() } });
  await talk.saw("head");
  const size = 8000;
  const chunk = Buffer.concat([Buffer.from("1f40\r\n"), Buffer.alloc(size), Buffer.from("\r\n")]);
  let chunks = 0;
  // What the kernels take, and then no more. Each chunk comes alone, as long as they are read.
  for (let stalled = false; !stalled && chunks < 2000; chunks++) {
    connection?.write(chunk);
    for (let turns = 0; turns < 200 && connection?.writableLength !== 0; turns++)
      await new Promise((resolve) => setImmediate(resolve));
    stalled = connection?.writableLength !== 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(chunks).toBeLessThan(2000);
  expect(talk.bytes).toBe(0);
  connection?.write("0\r\n\r\n");
  talk.exchange.resume();
  await talk.closes();
  expect([talk.bytes, talk.died]).toEqual([chunks * size, undefined]);
});

test("the head of a streamed request is sent before its first byte", async () => {
  await using server = await answering((socket) =>
    socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
  );
  const talk = await Talk.open(connect(server), { body: "streamed" }).closes();
  expect([talk.status, talk.delivered]).toEqual([403, false]);
  expect(talk.log).toEqual(["sent", "head", "end", "closed"]);
});

test("a writer is told to wait when the server does not read, and to go on when it does", async () => {
  let connection: Socket | undefined;
  await using server = await SocketServer.listen((socket) => {
    connection = socket.pause();
  });
  const talk = Talk.open(connect(server), { body: "streamed" });
  await talk.saw("sent");
  const chunk = Buffer.alloc(65_536);
  // What the kernels take, and then no more.
  let written = 0;
  for (let stalled = false; !stalled && written < 2 ** 26; written += chunk.length) {
    if (talk.exchange.write(chunk)) continue;
    const waited = talk.log.length;
    for (let turns = 0; turns < 200 && talk.log.length === waited; turns++)
      await new Promise((resolve) => setImmediate(resolve));
    stalled = talk.log.length === waited;
  }
  expect(written).toBeLessThan(2 ** 26);
  const before = talk.log.length;
  let received = 0;
  connection?.on("data", (bytes: Buffer) => {
    received += bytes.length;
    if (bytes.includes("\r\n0\r\n\r\n")) connection?.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  connection?.resume();
  await talk.until(() => talk.log.length > before);
  expect(talk.log.slice(before)).toEqual(["writable"]);
  talk.exchange.end(null);
  await talk.closes();
  expect([talk.status, talk.delivered]).toEqual([200, true]);
  expect(received).toBeGreaterThan(written);
});

test("an exchange that is reset while its connection is being made leaves nothing behind", async () => {
  await using server = await SocketServer.listen(() => {}, { key: pem("server-key"), cert: pem("server") });
  const connector = connect(server);
  for (const [, body] of bodies) {
    const talk = Talk.open(connector, { body });
    talk.exchange.reset(ErrorCode.CANCEL);
    await talk.closes();
    expect(talk.log).toEqual(["closed"]);
  }
});

test("an expect field is refused, saying why", async () => {
  await using server = await answering(() => {});
  const talk = await Talk.open(connect(server), { head: { fields: ["expect", "100-continue"] } }).closes();
  expect(talk.died).toMatchObject({ by: "local", processed: "never" });
  expect(talk.died?.text).toMatch(/expect header not supported/);
});
