// README.md, section 7, details and metadata: our server, asked by hand; behind it, where a line speaks of proxies, a server
// that answers by hand.
// Nothing to observe: §7.6 is the client's.
import { describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import type { App, HandlerCall } from "@millrace/node";
import { fromText, said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { envelope, envelopes, utf8 } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { clientOf } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { goodBody, greet, wires } from "../support/wires.ts";
import type { Wire } from "../support/wires.ts";
import { statusBin } from "./status-bin.ts";
import { type } from "../support/table.ts";

expectQuiet();

const details = [
  { type: "nobody.knows.Thing", value: new Uint8Array([0xfb, 0xff, 1, 0]) },
  { type: "a.B", value: new Uint8Array(0) },
];

/** The error's JSON, or the fields of the status. */
function errorOf(wire: Wire, { headers, body, trailers }: Answer): unknown {
  if (wire.name === "Connect unary") return JSON.parse(body.toString());
  if (wire.name === "a Connect stream")
    return (JSON.parse((envelopes(body).at(-1)?.payload ?? "").toString()) as { error: unknown }).error;
  if (trailers !== null) return Object.fromEntries(trailers);
  if (headers.has("grpc-status")) return Object.fromEntries(headers);
  const block =
    envelopes(wire.name === "gRPC-Web in text" ? fromText(body) : body)
      .at(-1)
      ?.payload.toString() ?? "";
  return Object.fromEntries(block.split("\r\n").map((line) => line.split(": ")));
}

/** The same as each protocol has it. */
function errorAs(wire: Wire, code: string, number: number, message: string): object {
  if (wire.timeout === "grpc-timeout")
    return {
      "grpc-status": String(number),
      "grpc-message": message,
      "grpc-status-details-bin": statusBin(number, message, details),
    };
  return {
    code,
    message,
    details: details.map(({ type, value }) => ({
      type,
      value: Buffer.from(value).toString("base64").replace(/=+$/, ""),
    })),
  };
}

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.over.includes(carriage.http));

  function ask(wire: Wire, on: Served, ...more: string[]): Promise<Answer> {
    return on.ask({ path: wire.path, headers: ["content-type", wire.proto, ...more], body: goodBody(wire) });
  }

  test("§7.1 §7.2 details are type and unpadded base64 in Connect, and in grpc-status-details-bin elsewhere", async () => {
    const raise = (): never => {
      throw new RpcError("aborted", "m", { details });
    };
    await using server = await served(carriage, greeter({ greet: raise, watch: raise }));
    for (const wire of here) {
      const error = errorOf(wire, await ask(wire, server));
      const expected = errorAs(wire, "aborted", 10, "m");
      if (wire.timeout === "grpc-timeout") expect([wire.name, error]).toMatchObject([wire.name, expected]);
      else expect([wire.name, error]).toEqual([wire.name, expected]);
    }
  });

  const upstreams = [
    {
      protocol: "connect",
      http: "1.1",
      reply: {
        status: 409,
        headers: type("application/json", "x-secret", "1", "trailer-x-secret", "1"),
        body: utf8(JSON.stringify(errorAs(wires[0]!, "aborted", 10, "m"))),
      },
    },
    {
      protocol: "grpc",
      http: "2",
      reply: {
        headers: type("application/grpc", "x-secret", "1"),
        body: Buffer.alloc(0),
        trailers: [
          ...["grpc-status", "10", "grpc-message", "m", "x-secret", "1"],
          ...["grpc-status-details-bin", statusBin(10, "m", details)],
        ],
      },
    },
    {
      protocol: "grpc-web",
      http: "1.1",
      reply: {
        headers: type("application/grpc-web", "x-secret", "1"),
        body: envelope(
          0x80,
          `grpc-status: 10\r\ngrpc-message: m\r\nx-secret: 1\r\ngrpc-status-details-bin: ${statusBin(10, "m", details)}\r\n`,
        ),
      },
    },
  ] as const;

  test.each(upstreams)(
    "§7.3 §7.7 a $protocol upstream's error is passed on with its details as they came, and without its headers",
    async ({ protocol, http, reply }) => {
      await using upstream = await rawServer(http);
      upstream.act = reply;
      const client = clientOf(upstream, { protocol });
      const relay: App = greeter({
        greet: () => client.greet({}),
        // oxlint-disable-next-line require-yield -- it has only an error to pass on
        async *watch() {
          await client.greet({});
        },
      });
      await using server = await served(carriage, relay);
      for (const wire of here) {
        const answer = await ask(wire, server);
        expect([wire.name, errorOf(wire, answer)]).toMatchObject([
          wire.name,
          errorAs(wire, "aborted", 10, "m"),
        ]);
        const all = JSON.stringify([...answer.headers, ...(answer.trailers ?? [])]) + answer.body.toString();
        expect(all).not.toContain("x-secret");
      }
    },
  );

  test.each(["example.com/", "https://example.com/of/types/", "/", "", "TYPE.googleapis.com/"])(
    "§7.3 type URLs that begin with %j are passed on whole, by gRPC and gRPC-Web; Connect has the name alone",
    async (prefix) => {
      await using upstream = await rawServer("2");
      const packed = statusBin(10, "m", details, prefix);
      const status = ["grpc-status", "10", "grpc-message", "m", "grpc-status-details-bin", packed];
      const block = status.map((text, n) => text + (n % 2 === 0 ? ": " : "\r\n")).join("");
      for (const [protocol, reply] of [
        ["grpc", { headers: type("application/grpc"), body: Buffer.alloc(0), trailers: status }],
        ["grpc-web", { headers: type("application/grpc-web"), body: envelope(0x80, block) }],
      ] as const) {
        upstream.act = reply;
        const client = clientOf(upstream, { protocol });
        await using server = await served(carriage, greeter({ greet: () => client.greet({}) }));
        for (const wire of here.filter(({ path }) => path === greet)) {
          const error = errorOf(wire, await ask(wire, server));
          if (wire.timeout === "grpc-timeout")
            expect(error).toMatchObject({ "grpc-status-details-bin": packed });
          else expect(error).toEqual(errorAs(wire, "aborted", 10, "m"));
        }
      }
    },
  );

  test("§7.4 duplicates are preserved, in order, in requests and responses", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet(_request, call) {
          const { responseHeaders, responseTrailers } = call;
          for (const value of call.requestHeaders.getAll("a")) {
            responseHeaders.append("a", `h${value}`);
            responseTrailers.append("a", `t${value}`);
          }
          return {};
        },
      }),
    );
    // A Request has joined them.
    const values = carriage.byFetch ? ["2, 1, 2"] : ["2", "1", "2"];
    const trailers = values.map((value) => `t${value}`);
    for (const wire of here.filter(({ path }) => path === greet)) {
      const answer = await ask(wire, server, "a", "2", "b", "x", "a", "1", "a", "2");
      const expected = values.map((value) => `h${value}`).join(", ");
      expect([wire.name, answer.headers.get("a")]).toEqual([wire.name, expected]);
      const body = wire.name === "gRPC-Web in text" ? fromText(answer.body) : answer.body;
      if (wire.name.startsWith("gRPC-Web"))
        expect(body.toString()).toContain(trailers.map((value) => `a: ${value}\r\n`).join(""));
      else
        expect((answer.trailers ?? answer.headers).get(answer.trailers ? "a" : "trailer-a")).toBe(
          trailers.join(", "),
        );
    }
  });

  test("§7.5 a value outside 0x20 to 0x7E is refused where it is set, by name, and never sent", async () => {
    const texts: string[] = [];
    const attempt = (set: () => void): void => {
      try {
        set();
        texts.push("taken");
      } catch (error) {
        texts.push((error as Error).message);
      }
    };
    await using server = await served(
      carriage,
      greeter({
        greet(_request, { responseHeaders, responseTrailers }) {
          for (const value of ["a\r\nb", "a\nx: y", "\0", "\u007f", "é", "日本", "\t", "\x1b[2J"]) {
            attempt(() => responseHeaders.set("x-evil", value));
            attempt(() => responseTrailers.append("x-evil", value));
            attempt(() => new RpcError("aborted", "", { metadata: { "x-evil": value } }));
          }
          return {};
        },
      }),
    );
    for (const wire of here.filter(({ path }) => path === greet)) {
      const answer = await ask(wire, server);
      expect(said(answer).code).toBe("ok");
      expect(answer.headers.has("x-evil")).toBe(false);
      expect(answer.body.toString("latin1")).not.toContain("x-evil");
    }
    expect([...new Set(texts)]).toEqual([
      'metadata "x-evil" has a character outside printable ASCII: send such values as bytes in "x-evil-bin"',
    ]);
  });

  test("§7.5 every character from 0x20 to 0x7E is sent and received", async () => {
    const printable = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i)).join(" ");
    await using server = await served(
      carriage,
      greeter({
        greet(_request, call) {
          call.responseHeaders.set("a", call.requestHeaders.get("a") ?? "");
          return {};
        },
      }),
    );
    for (const wire of here.filter(({ path }) => path === greet))
      expect((await ask(wire, server, "a", printable)).headers.get("a")).toBe(printable);
  });

  test.each([
    ...[
      ":status",
      "te",
      "host",
      "connection",
      "transfer-encoding",
      "Content-Length",
      "content-type",
      "trailer",
    ],
    ...["Trailer-X", "grpc-status", "grpc-message", "grpc-anything", "connect-x"],
    ...["a b", "a\r\nb", "", "é", "a:b"],
  ])("§7.8 metadata named %j, if set by a handler, is an internal error that names it", async (name) => {
    const places: readonly ((call: HandlerCall) => void)[] = [
      ({ responseHeaders }) => responseHeaders.set(name, "x"),
      ({ responseTrailers }) => responseTrailers.append(name, "x"),
      () => {
        throw new RpcError("aborted", "m", { metadata: { [name]: "x" } });
      },
    ];
    for (const set of places) {
      await using server = await served(
        carriage,
        greeter({
          greet(_request, call) {
            set(call);
            return {};
          },
        }),
      );
      for (const wire of here.filter(({ path }) => path === greet)) {
        const { code, message } = said(await ask(wire, server));
        expect(code).toBe("internal");
        expect(message).toMatch(/^metadata name ".*" is (reserved|not a token)/s);
      }
    }
  });

  test("§7.8 grpc-trace-bin and grpc-tags-bin are users', in both directions", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet(_request, call) {
          for (const name of ["grpc-trace-bin", "grpc-tags-bin"] as const)
            call.responseHeaders.set(name, call.requestHeaders.getBinary(name) ?? "");
          return {};
        },
      }),
    );
    for (const wire of here.filter(({ path }) => path === greet)) {
      const { headers } = await ask(wire, server, "grpc-trace-bin", "AQ==", "grpc-tags-bin", "AgM");
      expect([headers.get("grpc-trace-bin"), headers.get("grpc-tags-bin")]).toEqual(["AQ", "AgM"]);
    }
  });
});
