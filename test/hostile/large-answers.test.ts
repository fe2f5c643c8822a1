// Answers with more in their fields than HTTP/2 carries, or than clients take.
import { describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import { greeter } from "../support/greeter.ts";
import { said } from "../support/answer.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import { collect, goodBody, wires } from "../support/wires.ts";

expectQuiet();

const long = "y".repeat(70_000);

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.over.includes(carriage.http));

  test.each(here)("the code of an error with a long text arrives: $name", async (wire) => {
    const raise = (): never => {
      throw new RpcError("aborted", "é".repeat(70_000), {
        details: [{ type: "a.B", value: new Uint8Array(100_000) }],
      });
    };
    await using server = await served(carriage, greeter({ greet: raise, watch: raise }));
    const answer = await server.ask({
      path: wire.path,
      headers: ["content-type", wire.proto],
      body: goodBody(wire),
    });
    const { code, message } = said(answer);
    expect(code).toBe("aborted");
    expect(message).toMatch(/^é{1300,70000}…?$/);
    for (const fields of [answer.headers, answer.trailers ?? []])
      for (const [, value] of fields) expect(value.length).toBeLessThan(8192);
  });

  if (carriage.http === "1.1") return;

  if (carriage.name.startsWith("serve"))
    return test.each(["headers", "trailers"])(
      "%s of 70,000 bytes arrive: the client has set no bound",
      async (part) => {
        await using server = await served(
          carriage,
          greeter({
            greet(_, call) {
              (part === "headers" ? call.responseHeaders : call.responseTrailers).set("x", long);
              return {};
            },
          }),
        );
        const grpc = here.find(({ name }) => name === "gRPC")!;
        const { headers, trailers } = await server.ask({
          path: grpc.path,
          headers: ["content-type", grpc.proto],
          body: goodBody(grpc),
        });
        expect((part === "headers" ? headers : trailers)?.get("x")).toBe(long);
      },
    );

  test.each([
    ["headers", "head"],
    ["trailers", "trailers"],
  ] as const)("%s that HTTP/2 does not carry end their own stream alone", async (part, what) => {
    const heard: unknown[] = [];
    await using server = await served(
      carriage,
      greeter(
        {
          greet(_, call) {
            (part === "headers" ? call.responseHeaders : call.responseTrailers).set("x", long);
            return {};
          },
        },
        { onError: (error) => heard.push(error) },
      ),
    );
    const sibling = server.begin({ path: collect, headers: ["content-type", "application/grpc+proto"] });
    const grpc = here.find(({ name }) => name === "gRPC")!;
    const answer = server.ask({
      path: grpc.path,
      headers: ["content-type", grpc.proto],
      body: goodBody(grpc),
    });
    await expect(answer).rejects.toThrow("reset with 2");
    expect(heard).toMatchObject([
      {
        code: "internal",
        message: expect.stringMatching(
          new RegExp(
            `^the response's ${what} cannot be sent: they are 70\\d{3} bytes, and at most 65280 can be`,
          ),
        ),
      },
    ]);
    expect(said(await sibling.end().answer()).code).toBe("ok");
  });
});
