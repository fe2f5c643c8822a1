import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ClientConnection } from "../src/client-connection.ts";
import { limitsFrom } from "../src/limits.ts";
import { connect, listen, type ListenOptions, nodeRuntime } from "../src/node.ts";
import { ServerConnection } from "../src/server-connection.ts";
import { WindowBudget } from "../src/window-budget.ts";
import { peer } from "./support/engine-script.ts";

// Types refuse them; plain JavaScript and configuration files do not.

const accept = (): null => null;
const server = (options: unknown) => (): Promise<unknown> => listen(options as ListenOptions);
const both = (options: object) => async (): Promise<unknown> => {
  const refused = await connect("http://127.0.0.1:1", options).catch((error: unknown) => error);
  await expect(listen({ accept, ...options })).rejects.toThrow((refused as Error).message);
  throw refused as Error;
};
const client = (options: unknown) => (): Promise<unknown> => connect("http://127.0.0.1:1", options as object);

describe("refused, before anything is opened:", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    [
      "no options of a server",
      server(undefined),
      "options is undefined: it must be an object, such as { accept }",
    ],
    [
      "no accept",
      server({}),
      "accept is undefined: it must be a function that takes an exchange, and gives its sink or null",
    ],
    [
      "a name that there is not",
      server({ accept, prot: 8080 }),
      "options.prot is not known: there are accept, port, host, tls, limits, keepalive, indexing, onProblem",
    ],
    [
      "a port in quotes",
      server({ accept, port: "8080" }),
      'port is "8080": it must be a whole number from 0 to 65535',
    ],
    [
      "a host that is none",
      server({ accept, host: 1 }),
      'host is 1: it must be an address or a name of this machine, such as "127.0.0.1"',
    ],
    [
      "an empty host",
      server({ accept, host: "" }),
      'host is "": it must be an address or a name of this machine, such as "127.0.0.1"',
    ],
    [
      "a name that objects have by themselves",
      server({ accept, toString: 1 }),
      "options.toString is not known: there are accept, ",
    ],
    ["TLS without a key", server({ accept, tls: {} }), "tls.key is missing: give it as PEM text, or pfx"],
    [
      "TLS without a certificate",
      server({ accept, tls: { key: "" } }),
      "tls.cert is missing: give it as PEM text, or pfx",
    ],
    [
      "a problem for nobody",
      server({ accept, onProblem: true }),
      "onProblem is true: it must be a function that takes a text and a peer",
    ],
    [
      "what is no options",
      client("h2"),
      'options is "h2": it must be an object, such as { timeoutMs: 5_000 }',
    ],
    ["null", client(null), "options is null: it must be an object, such as { timeoutMs: 5_000 }"],
    [
      "a client's name that there is not",
      client({ path: "/" }),
      "options.path is not known: there are tls, timeoutMs, limits, keepalive, indexing",
    ],
    [
      "a time in quotes",
      client({ timeoutMs: "5s" }),
      'timeoutMs is "5s": it must be a whole number of milliseconds from 1 to 2147483647',
    ],
    ["TLS that is none", both({ tls: true }), "tls is true: it must be an object of options of node:tls"],
    ["TLS that is null", both({ tls: null }), "tls is null: it must be an object of options of node:tls"],
    ["TLS in a list", both({ tls: [] }), "tls is an array: it must be an object of options of node:tls"],
    [
      "limits in a list",
      both({ limits: [] }),
      "limits is an array: it must be an object, such as { maxConcurrentStreams: 100 }",
    ],
    [
      "limits that are null",
      both({ limits: null }),
      "limits is null: it must be an object, such as { maxConcurrentStreams: 100 }",
    ],
    [
      "a limit in quotes",
      both({ limits: { maxConcurrentStreams: "5" } }),
      'limits.maxConcurrentStreams is "5": it must be a whole number from 1 to 2147483647',
    ],
    [
      "a limit that there is not",
      both({ limits: { max: 5 } }),
      "limits.max is not known: there are maxFrameBytes, ",
    ],
    [
      "a keepalive that is null",
      both({ keepalive: null }),
      "keepalive is null: it must be an object, such as { intervalMs: 300_000, timeoutMs: 20_000 }",
    ],
    [
      "a keepalive in quotes",
      both({ keepalive: { intervalMs: "30s", timeoutMs: 1 } }),
      'keepalive.intervalMs is "30s": it must be a whole number of milliseconds from 1 to 2147483647',
    ],
    [
      "a keepalive without an end",
      both({ keepalive: { intervalMs: 1 } }),
      "keepalive.timeoutMs is undefined: it must be a whole number of milliseconds from 1 to 2147483647",
    ],
    [
      "a keepalive's name that there is not",
      both({ keepalive: { interval: 30_000 } }),
      "keepalive.interval is not known: there are intervalMs, timeoutMs, whileIdle",
    ],
    [
      "whileIdle in quotes",
      both({ keepalive: { intervalMs: 1, timeoutMs: 1, whileIdle: "no" } }),
      'keepalive.whileIdle is "no": it must be true or false',
    ],
    [
      "an empty policy of indexing",
      both({ indexing: {} }),
      "indexing.never is undefined: it must be an array of names of fields",
    ],
    [
      "a policy that there is not",
      both({ indexing: { always: [] } }),
      "indexing.always is not known: there are never, perRequest",
    ],
    [
      "a field that is none",
      both({ indexing: { never: [], perRequest: ["X-Id"] } }),
      'a name in indexing.perRequest is "X-Id": it must be a field\'s, in lower case',
    ],
    [
      "a field without a name",
      both({ indexing: { never: [""], perRequest: [] } }),
      'a name in indexing.never is "": it must be a field\'s, in lower case',
    ],
    [
      "a field that is a number",
      both({ indexing: { never: [5], perRequest: [] } }),
      "a name in indexing.never is 5: it must be a field's, in lower case",
    ],
  ])("%s", async (_, open, text) => {
    const refused: unknown = await open().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TypeError);
    expect((refused as TypeError).message).toContain(text);
  });
});

test("TLS that OpenSSL cannot use is refused, on either side", async () => {
  const tls = { key: "no key", cert: "no certificate" };
  await expect(listen({ accept, tls })).rejects.toThrow(/^tls cannot be used: /);
  await expect(connect("https://127.0.0.1:1", { tls })).rejects.toThrow(/^tls cannot be used: /);
});

test.each([
  ["SNICallback", { SNICallback: () => {} }],
  ["pskCallback", { pskCallback: () => null }],
])("TLS whose %s gives key and certificate needs none beside it", async (_, tls) => {
  await using listening = await listen({ accept, host: "127.0.0.1", tls });
  expect(listening.port).toBeGreaterThan(0);
});

test("TLS with a pfx needs no key and no certificate beside it; whether it is one, OpenSSL says", async () => {
  await expect(listen({ accept, tls: { pfx: "none" } })).rejects.toThrow(/^tls cannot be used: /);
});

test("what is undefined is not there", async () => {
  const options = {
    limits: undefined,
    keepalive: undefined,
    indexing: undefined,
    tls: undefined,
    prot: undefined,
  };
  await using server = await listen({
    accept,
    host: "127.0.0.1",
    port: undefined,
    onProblem: undefined,
    ...options,
  });
  await using connection = await connect(`http://127.0.0.1:${server.port}`, {
    ...options,
    timeoutMs: undefined,
  });
  expect(connection.name).toBe(`127.0.0.1:${server.port}`);
});

describe("without listen() and connect()", () => {
  /** One that must not be touched. */
  const duplex = new Proxy({} as never, {
    get: (_, name) => {
      throw new Error(`${String(name)} was called`);
    },
  });
  const budget = new WindowBudget(0);

  test.each([
    ["keepalive", { keepalive: { intervalMs: 0, timeoutMs: 1 } }, "keepalive.intervalMs is 0: it must be"],
    ["indexing", { indexing: {} as never }, "indexing.never is undefined: it must be"],
  ])("a connection refuses a wrong %s before it begins", (_, options, text) => {
    const open = [
      () =>
        new ServerConnection(duplex, nodeRuntime, limitsFrom(), budget, {
          ...options,
          peer,
          accept,
          closed() {},
        }),
      () =>
        new ClientConnection(duplex, nodeRuntime, limitsFrom(), budget, { ...options, peer, name: "memory" }),
    ];
    for (const each of open) expect(each).toThrow(text);
  });

  test.each(["x", "5", -1, Number.NaN])("a WindowBudget of %s is none", (bytes) => {
    expect(() => new WindowBudget(bytes as number)).toThrow(
      /^the WindowBudget is .*: it must be a number of bytes, 0 or more$/,
    );
  });
});

describe("close()", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test.each<unknown>(["x", null, -1, Number.NaN])(
    "of a grace of %s is refused, and closes nothing",
    async (graceMs) => {
      const listening = await listen({ accept, host: "127.0.0.1" });
      cleanups.push(() => listening.close(0));
      const connection = await connect(`http://127.0.0.1:${listening.port}`);
      cleanups.push(() => connection.abort());
      for (const each of [listening, connection])
        await expect(each.close(graceMs as number)).rejects.toThrow(
          /^graceMs is .*: it must be a number of milliseconds, 0 or more$/,
        );
      const again = await connect(`http://127.0.0.1:${listening.port}`);
      again.abort();
    },
  );
});

test("connect() opens no socket for options that are refused", async () => {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  let opened = 0;
  listener.on("connection", (socket) => (opened++, socket.destroy()));
  await expect(connect(`http://127.0.0.1:${port}`, { keepalive: null as never })).rejects.toThrow(
    "keepalive is null",
  );
  // One of its own comes behind whatever came before it.
  await (await connect(`http://127.0.0.1:${port}`)).close(0);
  listener.close();
  await once(listener, "close");
  expect(opened).toBe(1);
});
