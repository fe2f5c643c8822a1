import { describe, expect, test } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import {
  createClient,
  createInMemoryTransport,
  createTransport,
  implementPartial,
  serve,
} from "@millrace/node";
import type { App, ServeOptions, ServerLimits, TransportOptions } from "@millrace/node";

// Options that types refuse come all the same, out of configuration and from JavaScript.

const services = [implementPartial(GreetService, {})];

describe("createTransport() refuses, naming the option, the value and the choice,", () => {
  test.for<[string, object, string]>([
    [
      "a protocol",
      { protocol: "grcp" },
      'protocol is "grcp": it must be one of "connect", "grpc", "grpc-web"',
    ],
    ["a codec", { codec: "xml" }, 'codec is "xml": it must be one of "proto", "json"'],
    [
      "a number of bytes",
      { maxReceiveBytes: -1 },
      "maxReceiveBytes is -1: it must be a whole number of bytes",
    ],
    [
      "a timeout",
      { timeoutMs: "5 s" },
      'timeoutMs is "5 s": it must be a number of milliseconds, or Infinity',
    ],
    [
      "a compression",
      { compression: { send: "lz4" } },
      'compression.send: "lz4" is not to be had here: use gzip',
    ],
    [
      "a base URL",
      { baseUrl: "localhost:8080" },
      'baseUrl "localhost:8080" does not begin with http:// or https://',
    ],
    ["a number of bytes in words", { maxSendBytes: "9" }, 'maxSendBytes is "9": it must be a whole number'],
    ["a keepalive", { keepalive: 5000 }, "keepalive is 5000: it must be false, or such as { intervalMs"],
    ["a keepalive that is null", { keepalive: null }, "keepalive is null: it must be false, or such as {"],
    [
      "an interval past what timers take",
      { keepalive: { intervalMs: 2 ** 31 } },
      "keepalive.intervalMs is 2147483648: it must be a whole number of milliseconds from 1 to 2147483647",
    ],
    ["a keepalive that is on", { keepalive: true }, "keepalive is true: it must be false, or such as {"],
    [
      "a keepalive's option",
      { keepalive: { interval: 1 } },
      'keepalive has no option "interval": did you mean',
    ],
    [
      "an interval",
      { keepalive: { intervalMs: 0 } },
      "keepalive.intervalMs is 0: it must be a whole number of milliseconds from 1 to 2147483647",
    ],
    ["an interval without end", { keepalive: { intervalMs: Infinity } }, "(keepalive: false asks nobody)"],
    [
      "a time to answer",
      { keepalive: { timeoutMs: "20" } },
      'keepalive.timeoutMs is "20": it must be a whole number of milliseconds',
    ],
    [
      "a choice to ask while idle",
      { keepalive: { whileIdle: "no" } },
      'keepalive.whileIdle is "no": it must be true or false',
    ],
  ])("%s that is none", ([, option, text]) => {
    const options = { baseUrl: "http://localhost", ...option } as TransportOptions;
    expect(() => createTransport(options)).toThrow(TypeError);
    expect(() => createTransport(options)).toThrow(text);
  });
});

test("createTransport() takes the longest interval that timers take", async () => {
  const keepalive = { intervalMs: 2 ** 31 - 1, timeoutMs: 2 ** 31 - 1 };
  await createTransport({ baseUrl: "http://localhost", keepalive }).close();
});

describe("serve() refuses, naming the option, the value and the fix,", () => {
  test.for<[string, object, string]>([
    ["a port that is a string", { port: "8080" }, 'port is the string "8080": give a number, as Number('],
    ["a port too high", { port: 65_536 }, "port 65536 is not a whole number between 0 and 65535"],
    [
      "a limit that there is not",
      { limits: { maxStreams: 1 } },
      'limits has no option "maxStreams": there are maxHeaderBytes,',
    ],
    [
      "a misspelt limit",
      { limits: { headerTimeoutMs: 1 } },
      'limits has no option "headerTimeoutMs": did you mean headersTimeoutMs or idleTimeoutMs?',
    ],
    ["a host that is a number", { host: 5 }, "host is 5: give a name or an address of this machine"],
    ["a path that is a number", { path: 5 }, "path is 5: give the path of a Unix socket"],
    [
      "a negative limit",
      { limits: { handshakeTimeoutMs: -1 } },
      "limits.handshakeTimeoutMs is -1: it must be a whole number from 1 to 2147483647",
    ],
    [
      "a limit of 0 that Node would take for none",
      { limits: { headersTimeoutMs: 0 } },
      "limits.headersTimeoutMs is 0: it must be a whole number from 1",
    ],
    [
      "a limit that is a string",
      { limits: { maxHeaderFields: "9" } },
      'limits.maxHeaderFields is "9": it must be a whole number',
    ],
    ["limits that are a number", { limits: 5 }, "limits is 5: it must be an object, such as {"],
    ["limits that are a list", { limits: [] }, "limits is an array: it must be an object, such as {"],
    ["limits that are null", { limits: null }, "limits is null: it must be an object, such as {"],
    [
      "a limit past what timers take",
      { limits: { keepAliveTimeoutMs: Infinity } },
      "limits.keepAliveTimeoutMs is Infinity: it must be a whole number",
    ],
    [
      "an interval below 0",
      { keepalive: { intervalMs: -1 } },
      "keepalive.intervalMs is -1: it must be a whole number of milliseconds from 1",
    ],
    [
      "a client's keepalive",
      { keepalive: { whileIdle: true } },
      'keepalive has no option "whileIdle": there are intervalMs, timeoutMs',
    ],
    [
      "a connection's window below HTTP/2's own",
      { limits: { connectionWindowBytes: 65_534 } },
      "limits.connectionWindowBytes is 65534: it must be a whole number from 65535 to 2147483647 (a connection's window",
    ],
    [
      "a draining below 0",
      { limits: { drainMs: -1 } },
      "limits.drainMs is -1: it must be a whole number from 0",
    ],
  ])("%s", async ([, option, text]) => {
    await expect(serve({ services, ...option })).rejects.toThrow(text);
  });

  test("a limit, with a TypeError", async () => {
    await expect(serve({ services, limits: { probeMs: 0.5 } })).rejects.toThrow(TypeError);
  });
});

test.for<[unknown, string]>([
  [{ graceMs: "5" }, 'graceMs is "5": it must be a number of milliseconds from 0 on'],
  [{ graceMs: NaN }, "graceMs is NaN: it must be a number of milliseconds from 0 on"],
  [{ graceMs: -1 }, "graceMs is -1: it must be a number of milliseconds from 0 on"],
  [{ grace: 5 }, 'close() has no option "grace": did you mean graceMs?'],
  [5000, "close() takes its options as an object, not a number"],
])("close() rejects for %o, and the server goes on", async ([options, text]) => {
  await using server = await serve({ services, host: "127.0.0.1" });
  const closing = server.close(options as object);
  await expect(closing).rejects.toThrow(TypeError);
  await expect(closing).rejects.toThrow(text);
  await using transport = createTransport({ baseUrl: server.url });
  await expect(createClient(GreetService, transport).greet({})).rejects.toMatchObject({
    code: "unimplemented",
  });
});

test("serve() takes limits that are undefined for the defaults, and nothing to be drained", async () => {
  const limits = { maxHeaderBytes: undefined, drainBytes: 0, drainMs: 0 } as unknown as ServerLimits;
  await using server = await serve({ services, host: "127.0.0.1", limits });
  await using transport = createTransport({ baseUrl: server.url, httpVersion: "2" });
  await expect(createClient(GreetService, transport).greet({})).rejects.toMatchObject({
    code: "unimplemented",
  });
});

describe("an App is refused, wherever it goes,", () => {
  test.for<[string, object, string]>([
    [
      "with a protocol that is none",
      { services, protocols: ["grcp"] },
      'protocols is "grcp": it must be one of',
    ],
    [
      "with no protocol at all",
      { services, protocols: [] },
      'protocols is []: with none of "grpc", "grpc-web", "connect" in it, nothing is served',
    ],
    [
      "with a service in place of its implementation",
      { services: [GreetService] },
      "give what implement(service",
    ],
    [
      "with a service twice",
      { services: [...services, ...services] },
      "greet.v1.GreetService is in the App twice",
    ],
    [
      "with a prefix that is no path",
      { services, pathPrefix: "rpc" },
      'pathPrefix is "rpc": it must be a path',
    ],
  ])("%s", async ([, app, text]) => {
    expect(() => createInMemoryTransport(app as App)).toThrow(text);
    await expect(serve(app as ServeOptions)).rejects.toThrow(text);
  });
});
