import type { Exchange, Span } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { octets } from "./hpack/support.ts";
import { ClientScript } from "./support/client-script.ts";
import { headers, windowUpdate } from "./support/frames.ts";
import { post, ServerScript } from "./support/server-script.ts";

/** A server with two responses that have begun, on streams 1 and 3. */
function streaming(settings = {}): { script: ServerScript; first: Exchange; second: Exchange } {
  const script = ServerScript.open({ settings });
  script.receive(headers(1, post, "END_STREAM"), headers(3, post, "END_STREAM"));
  const [first, second] = script.requests.map(({ exchange }) => exchange);
  for (const { exchange } of script.requests) {
    exchange.respond(200, []);
    exchange.flush();
  }
  script.sent();
  return { script, first: first!, second: second! };
}

function fill(span: Span | null, text: string): number {
  span!.buf.set(octets(text), span!.pos);
  return span!.pos + text.length;
}

describe("room that is lent in the output", () => {
  test("becomes a frame, behind those of before and before those of later", () => {
    const { script, first } = streaming();
    first.write(octets("a"));
    expect(first.commit(fill(first.reserve(), "bcd"))).toBe(true);
    first.write(octets("e"));
    expect(script.sent()).toEqual(["DATA 1 a", "DATA 1 bcd", "DATA 1 e"]);
  });

  test("is nothing once it is given back", () => {
    const { script, first } = streaming();
    const span = first.reserve()!;
    fill(span, "bcd");
    first.commit(span.pos);
    expect(script.sent()).toEqual([]);
  });

  test("keeps its bytes though another stream writes meanwhile", () => {
    const { script, first, second } = streaming();
    const end = fill(first.reserve(), "bcd");
    second.write(octets("other"));
    first.commit(end);
    expect(script.sent()).toEqual(["DATA 3 other", "DATA 1 bcd"]);
  });

  test("keeps its bytes though what is written leaves meanwhile", () => {
    const { script, first, second } = streaming();
    second.write(octets("before"));
    const end = fill(first.reserve(), "bcd");
    second.flush();
    second.write(octets("behind"));
    first.commit(end);
    expect(script.sent()).toEqual(["DATA 3 before", "DATA 3 behind", "DATA 1 bcd"]);
  });

  test("waits for the window that another stream has used up meanwhile", () => {
    const { script, first, second } = streaming({ INITIAL_WINDOW_SIZE: 100_000 });
    const end = fill(first.reserve(), "bcd");
    second.write(new Uint8Array(65_535));
    expect(first.commit(end)).toBe(true);
    expect(script.sent().every((line) => line.startsWith("DATA 3"))).toBe(true);
    script.receive(windowUpdate(0, 10));
    expect(script.sent()).toEqual(["DATA 1 bcd"]);
  });

  test("is counted in the connection's window", () => {
    const { script, first } = streaming({ INITIAL_WINDOW_SIZE: 100_000 });
    let lent = 0;
    for (let span = first.reserve(); span !== null; span = first.reserve()) {
      lent += span.end - span.pos;
      first.commit(span.end);
    }
    first.write(new Uint8Array(70_000 - lent));
    const sent = (): number => script.wire.frames().reduce((bytes, { payload }) => bytes + payload.length, 0);
    script.runtime.settle();
    expect(sent()).toBe(65_535);
    script.receive(windowUpdate(0, 10));
    expect(sent()).toBe(10);
  });

  test("is counted in its stream's window", () => {
    const { script, first } = streaming({ INITIAL_WINDOW_SIZE: 1000 });
    const span = first.reserve()!;
    expect(span.end - span.pos).toBe(1000);
    first.commit(span.end - 10);
    expect(first.reserve()).toBeNull();
    first.write(octets("x".repeat(20)));
    script.sent();
    script.receive(windowUpdate(1, 10));
    expect(script.sent()).toEqual([`DATA 1 ${"x".repeat(10)}`]);
  });

  test("is given before no head, behind no backlog, and not on a request that waits", () => {
    const script = ServerScript.open();
    script.receive(headers(1, post, "END_STREAM"));
    expect(script.last.exchange.reserve()).toBeNull();
    script.last.exchange.respond(200, []);
    script.last.exchange.write(new Uint8Array(70_000));
    expect(script.last.exchange.reserve()).toBeNull();
    const waiting = new ClientScript().upload();
    expect(waiting.exchange.reserve()).toBeNull();
  });

  test("is given on a request that has begun", () => {
    const script = ClientScript.open();
    const { exchange } = script.upload();
    script.sent();
    exchange.commit(fill(exchange.reserve(), "bcd"));
    expect(script.sent()).toEqual(["DATA 1 bcd"]);
  });

  test("is nothing once its stream is reset", () => {
    const { script, first } = streaming();
    const end = fill(first.reserve(), "bcd");
    script.server.abort();
    expect(first.commit(end)).toBe(true);
    expect(script.sent().some((line) => line.startsWith("DATA"))).toBe(false);
  });
});
