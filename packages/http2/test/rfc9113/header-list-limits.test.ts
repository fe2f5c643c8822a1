import { describe, expect, test } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import { data, headers, rstStream } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const ok = [":status", "200"];
const large = ["x", "y".repeat(1000)];
const many = Array.from({ length: 20 }, (_, i) => [`n${i}`, ""]).flat();

describe("RFC 6585 section 5: a request whose header list is too large", () => {
  test.each([
    [
      "in octets",
      { maxHeaderBytes: 500 },
      large,
      "a header list of 5 fields and 1199 octets: at most 512 and 500",
    ],
    [
      "in fields",
      { maxHeaderFields: 10 },
      many,
      "a header list of 24 fields and 856 octets: at most 10 and 65536",
    ],
  ])("%s is answered with 431, and the connection goes on", (_, limits, fields, text) => {
    const script = ServerScript.open({ limits });
    script.receive(headers(1, [...get, ...fields], "END_STREAM"), headers(3, get, "END_STREAM"));
    const [head, body] = (script.runtime.settle(), script.wire.frames());
    expect(script.requests).toHaveLength(1);
    expect([head!.stream, body!.stream, body!.flags]).toEqual([1, 1, 1]);
    expect(Buffer.from(body!.payload).toString()).toBe(`${text} are allowed\n`);
    expect(script.server.streams.size).toBe(1);
  });

  test("has its body read for nobody", () => {
    const script = ServerScript.open({ limits: { maxHeaderBytes: 500 } });
    script.receive(headers(1, [...post, ...large]), data(1, "body"));
    expect(script.sent()[0]).toMatch(/^HEADERS 1 :status=431 /);
    script.receive(data(1, "rest", "END_STREAM"));
    expect(script.server.streams.size).toBe(0);
    // That of the idle connection.
    expect(script.runtime.timers).toBe(1);
  });

  test("is within the limit to the octet", () => {
    // RFC 9113 section 6.5.2: 32 for each field.
    const octets = get.join("").length + 4 * 32;
    for (const [maxHeaderBytes, served] of [
      [octets, 1],
      [octets - 1, 0],
    ] as const) {
      const script = ServerScript.open({ limits: { maxHeaderBytes } });
      script.receive(headers(1, get, "END_STREAM"));
      expect(script.requests).toHaveLength(served);
    }
  });

  test("too often ends the connection", () => {
    const script = ServerScript.open({ limits: { maxHeaderBytes: 500, resetBurst: 3 } });
    for (let id = 1; id <= 9; id += 2)
      script.receive(headers(id, [...get, ...large]), rstStream(id, "CANCEL"));
    expect(script.sent().at(-1)).toMatch(/^GOAWAY \d ENHANCE_YOUR_CALM$/);
  });
});

describe("what else is too large is a stream error of ENHANCE_YOUR_CALM", () => {
  test("a request's trailers", () => {
    const script = ServerScript.open({ limits: { maxHeaderBytes: 500 } });
    script.receive(headers(1, post), headers(1, large, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 ENHANCE_YOUR_CALM"]);
    expect(script.last.events()).toEqual(["fault local protocol ENHANCE_YOUR_CALM maybe", "closed false"]);
  });

  test.each([
    ["a response's head", [headers(1, [...ok, ...large])]],
    ["a response's trailers", [headers(1, ok), headers(1, large, "END_STREAM")]],
  ])("%s", (_, frames) => {
    const script = ClientScript.open({ limits: { maxHeaderBytes: 500 } });
    const call = script.open();
    script.sent();
    script.receive(...frames);
    expect(script.sent()).toEqual(["RST_STREAM 1 ENHANCE_YOUR_CALM"]);
    expect(call.events().at(-2)).toBe("fault local protocol ENHANCE_YOUR_CALM maybe");
  });
});
