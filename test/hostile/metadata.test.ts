// Metadata that would break the wire, come in from a peer and passed on.
import { describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import type { Protocol } from "@millrace/node";
import { greeter } from "../support/greeter.ts";
import { fromText, said } from "../support/answer.ts";
import { envelope, greeting } from "../support/bytes.ts";
import { expectQuiet } from "../support/quiet.ts";
import { clientOf } from "../support/our-client.ts";
import { rawServer } from "../support/raw-server.ts";
import { carriages, served } from "../support/served.ts";
import { goodBody, greet, wires } from "../support/wires.ts";

expectQuiet();

describe("what an upstream says in the body of its answer cannot break the relay's", () => {
  const evil = "v\r\ngrpc-status: 0\r\n\r\ninjected: 1\0é日";
  const block = (status: number): Buffer =>
    envelope(
      0x80,
      Buffer.concat([
        Buffer.from(`grpc-status: ${status}\r\nx-a: v\0w\r\nx-b: \xe9\r\nx c: y\r\nx-good: 1\r\n`, "latin1"),
      ]),
    );
  const endStream = (error: boolean): Buffer =>
    envelope(
      2,
      JSON.stringify({
        ...(error ? { error: { code: "aborted", message: evil } } : {}),
        metadata: {
          "x-a": [evil, "ok"],
          "x\r\ninjected": ["1"],
          "": ["1"],
          "x b": ["1"],
          "x-c": ["日"],
          "grpc-status": ["0"],
          "content-length": ["0"],
          "x-good": ["1"],
        },
      }),
    );

  const upstreams: readonly (readonly [string, Protocol, string, (error: boolean) => Buffer])[] = [
    ["Connect", "connect", "application/connect+proto", endStream],
    ["gRPC-Web", "grpc-web", "application/grpc-web+proto", (error) => block(error ? 10 : 0)],
  ];
  describe.each(carriages.filter(({ name }) => name.startsWith("serve")))("$name", (carriage) => {
    test.each(upstreams)("from a %s upstream", async (_name, protocol, type, end) => {
      await using server = await rawServer("1.1");
      const upstream = clientOf(server, { protocol });
      const refusals: string[] = [];
      await using relay = await served(
        carriage,
        greeter({
          async greet(_request, call) {
            const replies = upstream.watch({});
            try {
              await replies.receive();
              await replies.receive();
            } catch (error) {
              const { code, message, metadata } = error as RpcError;
              throw new RpcError(code, message, { metadata });
            }
            for (const [name, value] of await replies.trailers) {
              try {
                call.responseTrailers.append(name, value);
              } catch (refused) {
                refusals.push((refused as Error).message);
              }
            }
            return { greeting: "relayed" };
          },
          watch: () => upstream.watch({}),
        }),
      );
      for (const error of [false, true]) {
        server.act = {
          headers: ["content-type", type],
          body: Buffer.concat([envelope(0, greeting("one")), end(error)]),
        };
        for (const wire of wires.filter(({ over }) => over.includes(carriage.http))) {
          const answer = await relay.ask({
            path: wire.path,
            headers: ["content-type", wire.proto],
            body: goodBody(wire),
          });
          const { code } = said(answer);
          expect([wire.name, error, code]).toEqual([wire.name, error, error ? "aborted" : "ok"]);
          const fields = [...answer.headers.keys(), ...(answer.trailers?.keys() ?? [])].join("\n");
          expect(fields).not.toContain("injected");
          const isText = answer.headers.get("content-type")?.includes("text") ?? false;
          const text = (isText ? fromText(answer.body) : answer.body).toString("latin1");
          expect(text).not.toMatch(/^injected/m);
          expect(text).not.toContain("\0w");
          if (!error && wire.path === greet) expect(refusals.splice(0).length).toBeGreaterThan(1);
          if (!error || wire.path === greet) expect(fields + text).toContain("x-good");
        }
      }
    });
  });
});
