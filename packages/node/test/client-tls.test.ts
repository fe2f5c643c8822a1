import { createServer as createHttp2Server, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { ErrorCode, type Connector } from "@millrace/exchange";
import { socketFault } from "../src/client/connect-failure.ts";
import { nodeConnector, type NodeConnectorOptions } from "../src/client/node-connector.ts";
import { listen } from "../src/server/listen.ts";
import { pem } from "../../../test/support/pem.ts";
import { SocketServer, Talk } from "./client-harness.ts";
import { replying } from "./client-reply.ts";

const tls = { key: pem("server-key"), cert: pem("server") };
const open: Connector[] = [];

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close(0);
});

function connect(port: number, options: Partial<NodeConnectorOptions> = {}): Connector {
  const connector = nodeConnector({
    baseUrl: `https://localhost:${port}`,
    tls: { ca: pem("ca") },
    ...options,
  });
  open.push(connector);
  return connector;
}

/** A TLS server that agrees to `protocols`, and answers over HTTP/1.1. */
async function tlsServer(protocols: string[] | undefined): Promise<SocketServer> {
  return await SocketServer.listen(
    (socket) => {
      socket.on("data", (chunk: Buffer) => {
        if (chunk.includes("\r\n\r\n")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
      });
    },
    { ...tls, ...(protocols === undefined ? {} : { ALPNProtocols: protocols }) },
  );
}

const head = { scheme: "https" };

test("the server chooses by ALPN, and the connection that asked is used", async () => {
  await using server = await listen(replying, { port: 0, host: "127.0.0.1", tls });
  const connector = connect(Number(new URL(server.url).port));
  const talks = [Talk.open(connector, { head }), Talk.open(connector, { head, body: Buffer.from("x") })];
  for (const talk of talks) {
    await talk.closes();
    expect([talk.status, talk.caps?.http, talk.peer?.tls, talk.delivered]).toEqual([200, "2", true, true]);
  }
  expect(talks[0]?.peer).toBe(talks[1]?.peer);
  expect(connector.caps.http).toBe("2");
});

test.each([[["http/1.1"]], [undefined]])(
  "a server that agrees to %j is spoken to in HTTP/1.1",
  async (protocols) => {
    for (const body of [null, "streamed"] as const) {
      await using server = await tlsServer(protocols);
      const connector = connect(server.port);
      const talk = Talk.open(connector, { head, body });
      expect(connector.caps.request).toBe("full");
      await talk.closes();
      expect([talk.text, talk.caps?.http]).toEqual(["hello", "1.1"]);
      expect(connector.caps.request).toBe("half");
      expect(server.sockets.length).toBe(1);
    }
  },
);

test("what is written, paused and ended before the server has chosen is kept", async () => {
  let body = "";
  await using server = await listen(
    (exchange) => ({
      data: (chunk, start, end) => void (body += Buffer.from(chunk.subarray(start, end)).toString()),
      end: () => exchange.reply(200, [], Buffer.from("hello"), null),
      fault: () => {},
      writable: () => {},
      closed: () => {},
    }),
    { port: 0, host: "127.0.0.1", tls },
  );
  const talk = Talk.open(connect(Number(new URL(server.url).port)), { head, body: "streamed" });
  talk.exchange.pause();
  expect(talk.exchange.write(Buffer.from("one "))).toBe(false);
  talk.exchange.write(Buffer.from("two"));
  talk.exchange.end(null);
  await talk.saw("head");
  expect(talk.log).toEqual(["sent", "head"]);
  talk.exchange.resume();
  await talk.closes();
  expect([body, talk.text, talk.delivered]).toEqual(["one two", "hello", true]);
});

test("an exchange that is reset before the server has chosen only closes", async () => {
  await using server = await tlsServer(["http/1.1"]);
  const connector = connect(server.port);
  const reset = Talk.open(connector, { head });
  reset.exchange.reset(ErrorCode.CANCEL);
  await reset.closes();
  expect(reset.log).toEqual(["closed"]);
  expect((await Talk.open(connector, { head }).closes()).text).toBe("hello");
});

test("a server that has no h2 is told from one that has, with what was offered", async () => {
  for (const [protocols, outcome] of [
    [["http/1.1"], /refused the connection for it|server chose/],
    [undefined, /the server chose none/],
  ] as const) {
    await using server = await tlsServer(protocols === undefined ? undefined : [...protocols]);
    const talk = await Talk.open(connect(server.port, { httpVersion: "2" }), { head }).closes();
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toMatch(/did not agree on a protocol by ALPN: offered h2;/);
    expect(talk.died?.text).toMatch(outcome);
    expect(talk.died?.text).toMatch(/: set httpVersion: "1\.1"$/);
    const grpc = await Talk.open(connect(server.port, { needsHttp2: true }), { head }).closes();
    expect(grpc.died?.text).toMatch(
      /: gRPC needs HTTP\/2: use a port .* or protocol "grpc-web" or "connect"/,
    );
  }
});

test.each(["1.1", "2", undefined] as const)(
  "https to a port that speaks cleartext says so (httpVersion %s)",
  async (httpVersion) => {
    await using server = await SocketServer.listen((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const talk = await Talk.open(connect(server.port, { httpVersion }), { head }).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toMatch(/localhost:\d+ does not speak TLS: the base URL says https/);
  },
);

test.each(["1.1", "2"] as const)(
  "http to a port that speaks TLS says so (httpVersion %s)",
  async (httpVersion) => {
    await using server = await tlsServer(["http/1.1", "h2"]);
    const connector = nodeConnector({ baseUrl: `http://localhost:${server.port}`, httpVersion });
    open.push(connector);
    const talk = await Talk.open(connector).closes();
    expect(talk.died?.text).toMatch(/TLS/);
    expect(talk.died?.text).toMatch(/http/);
  },
);

test.each(["1.1", "2", undefined] as const)(
  "a certificate that is not trusted is a connect fault (httpVersion %s)",
  async (httpVersion) => {
    await using server = await tlsServer(["h2", "http/1.1"]);
    const talk = await Talk.open(connect(server.port, { httpVersion, tls: {} }), { head }).closes();
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toMatch(
      /^cannot connect to localhost:\d+: (SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+): .* as tls\.ca\)$/,
    );
  },
);

test.each(["1.1", "2", undefined] as const)(
  "https to a server that hangs up at the hello says that it may be cleartext (httpVersion %s)",
  async (httpVersion) => {
    await using server = await SocketServer.listen((socket) => {
      socket.once("data", () => socket.end());
    });
    const talk = await Talk.open(connect(server.port, { httpVersion }), { head }).closes();
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toMatch(
      /closed the connection during the TLS handshake \(the base URL says https; the server may be cleartext http\)$/,
    );
  },
);

test.for([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "as tls.ca"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "as tls.ca"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "as tls.ca"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "as tls.ca"],
  ["CERT_HAS_EXPIRED", "out of its time"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "as tls.servername"],
] as const)("a certificate that is refused with %s is told with %s", ([code, fix]) => {
  const wanted = { hostname: "localhost", port: 443, tls: true, alpn: ["h2"], certified: false };
  const { text } = socketFault(wanted, Object.assign(new Error("what OpenSSL says"), { code }));
  expect(text).toMatch(
    new RegExp(`^cannot connect to localhost:443: ${code}: what OpenSSL says \\(.*${fix}`),
  );
});

test("a name that the certificate does not bear is refused; servername asks for another one", async () => {
  await using server = await tlsServer(["http/1.1"]);
  const wrong = connect(server.port, { tls: { ca: pem("ca"), servername: "other.test" } });
  const talk = await Talk.open(wrong, { head }).closes();
  expect(talk.died?.text).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID: .*other\.test.* as tls\.servername\)$/);
  const right = nodeConnector({
    baseUrl: `https://127.0.0.1:${server.port}`,
    tls: { ca: pem("ca"), servername: "localhost" },
  });
  open.push(right);
  expect((await Talk.open(right, { head }).closes()).text).toBe("hello");
});

test("rejectUnauthorized: false takes any certificate, and then shows none", async () => {
  await using server = await tlsServer(["http/1.1"]);
  const talk = await Talk.open(connect(server.port, { tls: { rejectUnauthorized: false } }), {
    head,
  }).closes();
  expect([talk.text, talk.peer?.certificate()]).toEqual(["hello", null]);
});

test("a client certificate reaches the server, and the server's certificate is known as DER", async () => {
  let subject: string | undefined;
  await using server = await SocketServer.listen(
    (socket) => {
      const { CN } = (socket as TLSSocket).getPeerCertificate().subject;
      subject = typeof CN === "string" ? CN : CN?.[0];
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    },
    { ...tls, ca: pem("ca"), requestCert: true, rejectUnauthorized: true },
  );
  const connector = connect(server.port, {
    tls: { ca: pem("ca"), cert: pem("client"), key: pem("client-key") },
  });
  const talk = await Talk.open(connector, { head }).closes();
  expect([talk.status, subject]).toEqual([200, "client"]);
  // A DER certificate is a SEQUENCE with a two-byte length.
  expect(talk.peer?.certificate()?.subarray(0, 2)).toEqual(Buffer.from([0x30, 0x82]));
});

describe.each(["TLSv1.3", "TLSv1.2"] as const)("a server that asks for a certificate, %s", (maxVersion) => {
  const lanes = [
    ["1.1", null],
    ["1.1", "streamed"],
    ["2", "streamed"],
    [undefined, "streamed"],
  ] as const;
  const asking = { ...tls, requestCert: true, ALPNProtocols: ["h2", "http/1.1"], maxVersion };

  test.each(lanes)("and gets none says so (httpVersion %s, body %s)", async (httpVersion, body) => {
    await using server = await SocketServer.listen(() => {}, { ...asking, ca: pem("ca") });
    const talk = await Talk.open(connect(server.port, { httpVersion }), { head, body }).closes();
    expect(talk.died).toMatchObject({ by: "transport" });
    expect(talk.died?.text).toMatch(
      /localhost:\d+.*: ERR_SSL_\S+_ALERT_\w+: .* \(the server .*asks? for a client certificate: .* as tls\.cert and tls\.key\)/,
    );
    expect(talk.died?.text).not.toMatch(/\n|openssl/);
  });

  test.each(lanes)("and hangs up on it (httpVersion %s, body %s)", async (httpVersion, body) => {
    await using server = await SocketServer.listen(() => {}, { ...asking, ca: pem("server") });
    const connector = connect(server.port, {
      httpVersion,
      tls: { ca: pem("ca"), cert: pem("client"), key: pem("client-key") },
    });
    const talk = await Talk.open(connector, { head, body }).closes();
    expect(talk.died).toMatchObject({ by: "transport" });
    // HTTP/1.1 over TLS 1.3 knows only that it lost a connection.
    if (maxVersion === "TLSv1.2" || httpVersion !== "1.1")
      expect(talk.died?.text).toMatch(
        /localhost:\d+.*TLS handshake.* \(.*not trust the certificate of tls\.cert\)$/,
      );
  });
});

test.for([
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "asks for a client certificate"],
  ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "may ask for a client certificate"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "does not accept this client's certificate"],
  ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "does not accept this client's certificate"],
  ["ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED", "does not accept this client's certificate"],
] as const)("the alert %s is told in one line: the server %s", ([code, fix]) => {
  const wanted = { hostname: "localhost", port: 443, tls: true, alpn: ["h2"], certified: true };
  const error = Object.assign(new Error("a place in OpenSSL's sources\n"), { code, reason: "what it is" });
  const { text } = socketFault(wanted, error);
  expect(text).toMatch(
    new RegExp(
      `^cannot connect to localhost:443: ${code}: what it is \\(the server ${fix}.*tls\\.cert.*\\)$`,
    ),
  );
});

test("a cleartext HTTP/2 server is reached with prior knowledge", async () => {
  const server = createHttp2Server((_request, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = (server as unknown as Http2SecureServer).address() as AddressInfo;
  const connector = nodeConnector({ baseUrl: `http://127.0.0.1:${port}`, httpVersion: "2" });
  const talk = await Talk.open(connector).closes();
  expect([talk.text, talk.caps?.http]).toEqual(["hello", "2"]);
  await connector.close(0);
  await new Promise((resolve) => server.close(resolve));
});
