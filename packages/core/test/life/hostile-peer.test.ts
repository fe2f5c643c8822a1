import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@millrace/core";
import type { CallEnd, Protocol } from "@millrace/core";
import { connectTransport, memoryConnector } from "@millrace/core/host";
import { ErrorCode } from "@millrace/exchange";
import type { ServerExchange } from "@millrace/exchange";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GreetReplySchema, GreetRequestSchema } from "../../../../gen/greet/v1/greet_pb.ts";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { plainCompression } from "../support/fake-compression.ts";
import { FakeHost } from "../support/fake-host.ts";
import { envelope, RawCall } from "../support/raw-call.ts";
import { codeOf, partsFor, protocols, quiet, stage } from "../support/stage.ts";

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});

afterEach(async () => {
  await quiet();
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
  expect(unhandled).toEqual([]);
});

const gzip = plainCompression("gzip");
const text = new TextEncoder();
const reply = toBinary(
  GreetReplySchema,
  create(GreetReplySchema, { greeting: "hello", places: [{ name: "there" }] }),
);
const ask = toBinary(GreetRequestSchema, create(GreetRequestSchema, { name: "Ada", mood: { level: 300 } }));
const packed = (bytes: Uint8Array): Uint8Array => gzip.pack(bytes, undefined) as Uint8Array;

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** What a server of each protocol may say of a stream, and of one response. */
const responses: Record<
  Protocol,
  { stream: { fields: string[]; body: Uint8Array }; unary: { fields: string[]; body: Uint8Array } }
> = {
  connect: {
    stream: {
      fields: ["content-type", "application/connect+proto", "connect-content-encoding", "gzip"],
      body: concat(
        envelope(reply),
        envelope(packed(reply), 1),
        envelope(text.encode('{"metadata":{"a":["b"]}}'), 2),
      ),
    },
    unary: { fields: ["content-type", "application/proto", "content-encoding", "gzip"], body: packed(reply) },
  },
  grpc: {
    stream: {
      fields: ["content-type", "application/grpc+proto", "grpc-encoding", "gzip"],
      body: concat(envelope(reply), envelope(packed(reply), 1)),
    },
    unary: { fields: ["content-type", "application/grpc+proto"], body: envelope(reply) },
  },
  "grpc-web": {
    stream: {
      fields: ["content-type", "application/grpc-web+proto", "grpc-encoding", "gzip"],
      body: concat(
        envelope(reply),
        envelope(packed(reply), 1),
        envelope(text.encode("grpc-status: 0\r\na: b\r\n"), 0x80),
      ),
    },
    unary: {
      fields: ["content-type", "application/grpc-web+proto"],
      body: concat(envelope(reply), envelope(text.encode("grpc-status: 0\r\n"), 0x80)),
    },
  },
};

/** The body cut short at each place, and with each byte turned. */
function* mutants(body: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < body.length; length++) yield body.slice(0, length);
  for (let at = 0; at < body.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const turned = body.slice();
      turned[at] = turned[at]! ^ change;
      yield turned;
    }
  }
  yield concat(body, new Uint8Array([0]));
  yield concat(body, body);
}

const endings: readonly [string, (exchange: ServerExchange) => void][] = [
  ["ends", (exchange) => exchange.end(["grpc-status", "0"])],
  ["is reset", (exchange) => exchange.reset(ErrorCode.INTERNAL_ERROR)],
];

describe.each(protocols)(
  "nothing that a peer sends raises an uncaught exception or an unhandled rejection, %s",
  (protocol) => {
    describe.each(endings)("a response that is damaged and %s", (_, end) => {
      test.each(["unary", "stream"] as const)("%s: the call settles once", async (kind) => {
        const { fields, body } = responses[protocol][kind];
        const host = new FakeHost();
        const ends: CallEnd[] = [];
        let next = body;
        const connector = memoryConnector((exchange) => {
          exchange.respond(200, fields);
          exchange.write(next);
          exchange.flush();
          end(exchange);
          return { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
        }, host);
        const observers = [() => ({ end: (ended: CallEnd) => void ends.push(ended) })];
        const client = createClient(
          GreetService,
          connectTransport(partsFor(host, connector, protocol), { observers }),
        );
        let count = 0;
        for (next of mutants(body)) {
          const read = async (): Promise<void> => {
            if (kind === "unary") await client.greet({});
            else for await (const _message of client.watch({}));
          };
          const code = await codeOf(read());
          expect(code).toMatch(/^[a-z_]+$/);
          count++;
        }
        await quiet();
        expect(ends).toHaveLength(count);
        expect(host.timers).toBe(0);
        expect(host.reported).toEqual([]);
      });
    });

    test.each([
      ["ends", false],
      ["is reset", true],
    ])("a request that is damaged and %s: it is answered or dropped, and ends once", async (_, reset) => {
      const on = stage(
        {
          greet: () => ({}),
          async collect(requests) {
            let count = 0n;
            for await (const _message of requests) count++;
            return { count };
          },
        },
        { protocol },
      );
      const streamed = concat(envelope(ask), envelope(packed(ask), 1));
      const prefix = protocol === "connect" ? "application/connect" : `application/${protocol}`;
      const encoding = protocol === "connect" ? "connect-content-encoding" : "grpc-encoding";
      let count = 0;
      for (const body of mutants(streamed)) {
        const fields = ["content-type", `${prefix}+proto`, encoding, "gzip"];
        const call = new RawCall(on.connector, "/greet.v1.GreetService/Collect", fields, undefined);
        call.exchange.write(body);
        if (reset) {
          await quiet();
          call.reset();
        } else call.exchange.end(null);
        await call.closedDelivered;
        count++;
      }
      await quiet();
      expect(on.serverEnds).toHaveLength(count);
      expect(on.errors).toEqual([]);
      expect(on.host.reported).toEqual([]);
      expect(on.host.timers).toBe(0);
    });
  },
);
