import { createTransport, serve } from "@millrace/node";
import type { Protocol, Server, Transport } from "@millrace/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { app } from "./app.ts";
import { calls } from "./calls.ts";
import type { Outcomes, Wanted } from "./calls.ts";
import type { ContractOutcome } from "./contract.ts";
import { runtimes } from "./runtimes.ts";
import type { Running } from "./runtimes.ts";

/** What comes of the calls wherever they can be made at all. */
const outcomes: Outcomes = {
  unary: ["Hello, Ada!", "a, b"],
  json: "Hello, Ada ☁!",
  "unary, gzip": 300_008,
  "streams, gzip": [["one", "two"], "3"],
  "unary, deflate": 300_008,
  "streams, deflate": [["one", "two"], "3"],
  GET: "GET",
  large: 300_008,
  error: {
    code: "not_found",
    message: "nobody, nowhere ☁",
    metadata: { "x-error": "e", "x-error-bin": [0, 255], "x-trailer": "t" },
    moods: [3],
  },
  "server stream": ["one", "two"],
  "server stream, left": "aborted",
  "client stream": "3",
  "empty client stream": "0",
  bidi: "ping",
  "half-duplex bidi": ["a", "b", "c"],
  deadline: "deadline_exceeded",
  limit: "resource_exhausted",
};

const halfDuplexOnly = {
  code: "unimplemented",
  message: expect.stringContaining("halfDuplex: true if all requests are sent") as string,
};
/** gRPC-Web has no GET. */
const of = (protocol: Protocol): Outcomes => ({ ...outcomes, GET: protocol === "connect" ? "GET" : "POST" });

let server: Server;
beforeAll(async () => {
  server = await serve({ ...app(), port: 0, host: "127.0.0.1" });
});
afterAll(() => server.close({ graceMs: 0 }));

describe.each(runtimes)("$name", ({ start, http2, breaks }) => {
  let running: Running;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running.stop());

  const ask = async (path: string): Promise<unknown> => (await fetch(`${running.url}${path}`)).json();

  test.each(["connect", "grpc-web"] as const)(
    "its fetch carries calls of every kind, %s",
    async (protocol) => {
      const url = encodeURIComponent(server.url);
      expect(await ask(`/calls?protocol=${protocol}&url=${url}`)).toEqual({
        ...of(protocol),
        bidi: halfDuplexOnly,
      });
    },
  );

  test("its fetch does not carry gRPC, and calls say at once what would", async () => {
    const { unary } = (await ask("/calls?protocol=grpc&url=http://127.0.0.1:1")) as Outcomes;
    expect(unary).toEqual({
      code: "unimplemented",
      message: expect.stringContaining("use gRPC-Web or Connect") as string,
    });
  });

  test.each(["connect", "grpc-web"] as const)(
    "its server takes calls of every kind over HTTP/1.1, %s",
    async (protocol) => {
      const open = (wanted: Wanted): Transport =>
        createTransport({ ...wanted, baseUrl: running.url, protocol, httpVersion: "1.1" });
      expect(await calls(open)).toEqual({ ...of(protocol), bidi: halfDuplexOnly });
    },
  );

  test.each(http2 ? (["connect", "grpc-web"] as const) : [])(
    "its server takes calls of every kind over HTTP/2, both ways at once, %s",
    async (protocol) => {
      const open = (wanted: Wanted): Transport =>
        createTransport({ ...wanted, baseUrl: running.url, protocol, httpVersion: "2" });
      expect(await calls(open)).toEqual(of(protocol));
    },
  );

  test("its server refuses gRPC, and says what it takes", async () => {
    const headers = { "content-type": "application/grpc" };
    const answer = await fetch(`${running.url}/greet.v1.GreetService/Greet`, { method: "POST", headers });
    expect(answer.status).toBe(415);
    expect(await answer.text()).toContain(
      "does not take content-type application/grpc: use application/grpc-web,",
    );
  });

  test("its fetch and its server keep the contract of the seam, but for what it breaks by itself", async () => {
    const known = Object.values(breaks).flat();
    const answer = await fetch(`${running.url}/contract`, { method: "POST", body: JSON.stringify(known) });
    const { failed, passed } = (await answer.json()) as ContractOutcome;
    const unknown = Object.entries(failed).filter(([name]) => !known.includes(name));
    expect(unknown).toEqual([]);
    // What a newer one does not break any more goes from the list.
    expect(Object.keys(failed).toSorted()).toEqual(known.toSorted());
    expect(passed).toBeGreaterThan(150);
  });
});
