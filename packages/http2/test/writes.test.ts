import { describe, expect, test } from "vitest";
import { octets } from "./hpack/support.ts";
import { ClientScript } from "./support/client-script.ts";
import { data, headers, type Frame } from "./support/frames.ts";
import { post, ServerScript } from "./support/server-script.ts";

const ok = [":status", "200", "content-type", "application/grpc"];
const fields = ["content-type", "application/grpc"];
const body = octets("x".repeat(55));

/** So many calls' frames, in the order in which each call has them. */
function calls(first: number, count: number, of: (id: number) => readonly Frame[]): Frame[] {
  return Array.from({ length: count }, (_, n) => of(2 * n + first)).flat();
}

const requests = (first: number, count: number): Frame[] =>
  calls(first, count, (id) => [headers(id, post), data(id, "x".repeat(54), "END_STREAM")]);

describe("what one turn of the event loop causes leaves in one write, of one part:", () => {
  test("a server's answers, however many", () => {
    const script = ServerScript.open();
    for (let turn = 0; turn < 10; turn++) {
      script.wire.deliver(...requests(1 + 64 * turn, 32));
      for (const { exchange } of script.requests.slice(-32))
        exchange.reply(200, fields, body, ["grpc-status", "0"]);
      script.wire.writes.length = 0;
      expect(script.sent()).toHaveLength(32 * 3);
      // The first turn is more than there were before: it has not found room in one buffer.
      if (turn > 0) expect(script.wire.writes).toEqual([1]);
      else expect(script.wire.writes).toHaveLength(1);
    }
  });

  test("a client's requests, and what answers cause", () => {
    const script = ClientScript.open();
    const open = (): void => {
      for (let n = 0; n < 32; n++)
        void script.client.open(
          { method: "POST", scheme: "http", authority: "a", path: "/", query: "", fields, memo: undefined },
          body,
          { deadline: Infinity, attempt: 0 },
          { sent() {}, inform() {}, head() {}, data() {}, end() {}, fault() {}, writable() {}, closed() {} },
        );
    };
    for (let turn = 0; turn < 10; turn++) {
      open();
      script.wire.writes.length = 0;
      expect(script.sent()).toHaveLength(32 * 2);
      if (turn > 0) expect(script.wire.writes).toEqual([1]);
      script.wire.deliver(
        ...calls(1 + 64 * turn, 32, (id) => [
          headers(id, ok),
          data(id, "x".repeat(55)),
          headers(id, ["grpc-status", "0"], "END_STREAM"),
        ]),
      );
    }
    script.wire.writes.length = 0;
    expect(script.sent()).toEqual([]);
    expect(script.wire.writes).toEqual([]);
  });

  test("a stream's messages", () => {
    const script = ServerScript.open();
    script.receive(headers(1, post, "END_STREAM"));
    const { exchange } = script.last;
    exchange.respond(200, fields);
    script.wire.writes.length = 0;
    for (let n = 0; n < 5; n++) exchange.write(octets("message"));
    exchange.end(null);
    expect(script.sent()).toHaveLength(7);
    expect(script.wire.writes).toEqual([1]);
  });
});
