import { describe, expect, test } from "vitest";
import { octets } from "../hpack/support.ts";
import { ClientScript } from "../support/client-script.ts";
import { data, headers, rstStream, windowUpdate } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const ok = [":status", "200"];

describe("section 8.1: a request, as a server has it", () => {
  test("head, body, trailers", () => {
    const script = ServerScript.open();
    script.receive(headers(1, [...post, "a", "1", "a", "2"]), data(1, "bo"), data(1, "dy"));
    script.receive(headers(1, ["t", "x"], "END_STREAM"));
    const { head } = script.last.exchange;
    expect(head).toMatchObject({ method: "POST", scheme: "http", authority: "a", path: "/", query: "" });
    expect(head.fields).toEqual(["a", "1", "a", "2"]);
    expect(script.last.events()).toEqual(["data bo", "data dy", "end t=x"]);
  });

  test("an empty DATA frame ends it as well", () => {
    const script = ServerScript.open();
    script.receive(headers(1, post), data(1, "", "END_STREAM"));
    expect(script.last.events()).toEqual(["end"]);
  });

  test("a pause holds body and end back, in their order", () => {
    const script = ServerScript.open({ accept: ({ exchange }) => exchange.pause() });
    script.receive(headers(1, post), data(1, "a"), data(1, "b"), headers(1, ["t", "x"], "END_STREAM"));
    expect(script.last.events()).toEqual([]);
    script.last.exchange.resume();
    script.runtime.settle();
    expect(script.last.events()).toEqual(["data ab", "end t=x"]);
  });

  test("Expect: 100-continue is answered when the body is wanted", () => {
    const script = ServerScript.open({ accept: ({ exchange }) => exchange.pause() });
    script.receive(headers(1, [...post, "expect", "100-continue"]));
    expect(script.sent()).toEqual([]);
    script.last.exchange.resume();
    expect(script.sent()).toEqual(["HEADERS 1 :status=100"]);
  });
});

describe("section 8.1: a response, as a server sends it", () => {
  function answering(): ServerScript {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    return script;
  }

  test("interim responses, head, body, trailers", () => {
    const script = answering();
    const { exchange } = script.last;
    exchange.inform(103, ["link", "x"]);
    exchange.respond(200, ["a", "b"]);
    exchange.write(octets("body"));
    exchange.end(["t", "x"]);
    expect(script.sent()).toEqual([
      "HEADERS 1 :status=103 link=x",
      "HEADERS 1 :status=200 a=b",
      "DATA 1 body",
      "HEADERS 1 END_STREAM t=x",
    ]);
    expect(script.last.events()).toEqual(["end", "closed true"]);
  });

  test.each([
    ["to HEAD", [":method", "HEAD", ...get.slice(2)], 200],
    ["of status 204", get, 204],
    ["of status 304", get, 304],
  ])("has no body %s", (_, request, status) => {
    const script = ServerScript.open();
    script.receive(headers(1, request, "END_STREAM"));
    script.last.exchange.reply(status, ["content-length", "3"], octets("abc"), null);
    expect(script.sent()).toEqual([`HEADERS 1 END_STREAM :status=${status} content-length=3`]);
  });

  test("that begins with the body is a mistake of this side's: INTERNAL_ERROR", () => {
    const script = answering();
    script.last.exchange.write(octets("body"));
    expect(script.sent()).toEqual(["RST_STREAM 1 INTERNAL_ERROR"]);
    expect(script.last.events()).toEqual(["end", "closed false"]);
  });
});

describe("section 8.1: a response before the request has ended", () => {
  function early(limits = {}): ServerScript {
    const script = ServerScript.open({ limits });
    script.receive(headers(1, post));
    script.last.exchange.reply(413, [], null, null);
    expect(script.sent()).toEqual(["HEADERS 1 END_STREAM :status=413"]);
    return script;
  }

  test("reads the rest for nobody, and is through when it has ended", () => {
    const script = early();
    script.receive(data(1, "rest"), data(1, "", "END_STREAM"));
    expect(script.last.events()).toEqual(["closed true"]);
    expect(script.sent()).toEqual([]);
    // That of the idle connection.
    expect(script.runtime.timers).toBe(1);
  });

  test("asks for no more with NO_ERROR when the time is over", () => {
    const script = early({ drainMs: 300 });
    script.runtime.advance(299);
    expect(script.sent()).toEqual([]);
    script.runtime.advance(1);
    expect(script.sent()).toEqual(["RST_STREAM 1 NO_ERROR"]);
    expect(script.last.events()).toEqual(["closed true"]);
  });

  test("asks for no more with NO_ERROR when it was too much", () => {
    const script = early({ drainBytes: 10 });
    script.receive(data(1, "0123456789"));
    expect(script.sent()).toEqual([]);
    script.receive(data(1, "x"), data(1, "more of it"), headers(1, ["t", "x"], "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 NO_ERROR"]);
    expect(script.last.events()).toEqual(["closed true"]);
    // That of the idle connection.
    expect(script.runtime.timers).toBe(1);
  });

  test("asks for no more at once where it may take no time", () => {
    const script = ServerScript.open({ limits: { drainMs: 0 } });
    script.receive(headers(1, post));
    script.last.exchange.reply(413, [], null, null);
    expect(script.sent()).toEqual(["HEADERS 1 END_STREAM :status=413", "RST_STREAM 1 NO_ERROR"]);
    expect(script.last.events()).toEqual(["closed true"]);
  });

  test("asks for no more at once if it was too much before the answer had left", () => {
    const script = ServerScript.open({ limits: { drainBytes: 10 }, settings: { INITIAL_WINDOW_SIZE: 0 } });
    script.receive(headers(1, post));
    script.last.exchange.reply(200, [], octets("no"), null);
    script.sent();
    script.receive(data(1, "more than ten"));
    expect(script.sent()).toEqual([]);
    script.receive(windowUpdate(1, 100));
    expect(script.sent()).toEqual(["DATA 1 END_STREAM no", "RST_STREAM 1 NO_ERROR"]);
    expect(script.last.events()).toEqual(["closed true"]);
  });

  test("is whole for a client, whose upload ends without a fault of the response's", () => {
    const script = ClientScript.open();
    const call = script.upload();
    call.exchange.write(octets("part"));
    script.receive(headers(1, [":status", "413"]), data(1, "no", "END_STREAM"), rstStream(1, "NO_ERROR"));
    expect(call.events()).toEqual(["sent", "head 413", "data no", "end", "closed false"]);
    call.exchange.write(octets("more"));
    expect(script.sent().filter((line) => line.includes("more"))).toEqual([]);
  });

  test("that is cut short by NO_ERROR is a fault", () => {
    const script = ClientScript.open();
    const call = script.upload();
    script.receive(headers(1, ok), data(1, "half"), rstStream(1, "NO_ERROR"));
    expect(call.events().slice(2)).toEqual(["data half", "fault peer reset NO_ERROR maybe", "closed false"]);
  });

  test("leaves a client its upload until it has ended that", () => {
    const script = ClientScript.open();
    const call = script.upload();
    script.receive(headers(1, ok, "END_STREAM"));
    expect(call.events()).toEqual(["sent", "head 200", "end"]);
    script.sent();
    call.exchange.write(octets("still"));
    call.exchange.end(null);
    expect(script.sent()).toEqual(["DATA 1 still", "DATA 1 END_STREAM"]);
    expect(call.events()).toEqual(["closed true"]);
  });
});

describe("a sink that throws at the end of a turn", () => {
  const failing = (): never => {
    throw new Error("a mistake of the application's");
  };

  test("takes no turn from the other streams, nor from the connection", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"), headers(3, get, "END_STREAM"));
    const [one, other] = script.requests;
    one!.closed = failing;
    one!.exchange.reply(200, [], null, null);
    other!.exchange.reply(200, [], null, null);
    expect(() => script.runtime.settle()).toThrow("a mistake of the application's");
    script.runtime.settle();
    expect(other!.events()).toEqual(["end", "closed true"]);
    script.receive(headers(5, get, "END_STREAM"));
    expect(script.last.events()).toEqual(["end"]);
  });

  test("keeps nobody from the end of the connection", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    script.last.closed = failing;
    script.wire.close(undefined);
    expect(() => script.runtime.settle()).toThrow("a mistake of the application's");
    script.runtime.settle();
    expect(script.closed).toBeNull();
  });
});

describe("section 8.1: a response, as a client has it", () => {
  test("interim responses, head, body, trailers", () => {
    const script = ClientScript.open();
    const call = script.open();
    script.receive(headers(1, [":status", "100"]), headers(1, [":status", "103", "link", "x"]));
    script.receive(headers(1, [...ok, "a", "b"]), data(1, "body"), headers(1, ["t", "x"], "END_STREAM"));
    expect(call.events()).toEqual([
      "sent",
      "inform 100",
      "inform 103 link=x",
      "head 200 a=b",
      "data body",
      "end t=x",
      "closed true",
    ]);
  });

  test.each([
    ["REFUSED_STREAM, which is safe to try again", "REFUSED_STREAM", "never"],
    ["another code", "CANCEL", "maybe"],
  ] as const)("section 8.7: RST_STREAM with %s", (_, code, processed) => {
    const script = ClientScript.open();
    const call = script.open();
    script.receive(rstStream(1, code));
    expect(call.events()).toEqual(["sent", `fault peer reset ${code} ${processed}`, "closed false"]);
  });

  test("REFUSED_STREAM behind a response's head is no promise any more", () => {
    const script = ClientScript.open();
    const call = script.open();
    script.receive(headers(1, ok), rstStream(1, "REFUSED_STREAM"));
    expect(call.events()).toContain("fault peer reset REFUSED_STREAM maybe");
  });

  test("a paused reader hears the end of its response before the end of the connection is told", () => {
    const script = ClientScript.open();
    const call = script.open();
    call.exchange.pause();
    script.receive(headers(1, ok), data(1, "held", "END_STREAM"));
    script.wire.close(undefined);
    script.runtime.settle();
    expect([call.events(), script.closed]).toEqual([["sent", "head 200"], undefined]);
    call.exchange.resume();
    script.runtime.settle();
    expect([call.events(), script.closed]).toEqual([["data held", "end", "closed true"], null]);
  });

  test("a fault waits behind the bytes that a paused reader has not taken", () => {
    const script = ClientScript.open();
    const call = script.open();
    call.exchange.pause();
    script.receive(headers(1, ok), data(1, "held"), rstStream(1, "CANCEL"));
    expect(call.events()).toEqual(["sent", "head 200"]);
    call.exchange.resume();
    script.runtime.settle();
    expect(call.events()).toEqual(["data held", "fault peer reset CANCEL maybe", "closed false"]);
  });

  test("a fault waits behind an end whose reader pauses when it hears of it", () => {
    const script = ClientScript.open();
    const call = script.upload();
    const end = call.end.bind(call);
    call.end = (trailers) => {
      end(trailers);
      call.exchange.pause();
    };
    call.exchange.pause();
    script.receive(headers(1, ok), data(1, "held", "END_STREAM"), rstStream(1, "CANCEL"));
    call.exchange.resume();
    script.runtime.settle();
    expect(call.events()).toEqual(["sent", "head 200", "data held", "end"]);
    call.exchange.resume();
    script.runtime.settle();
    expect(call.events()).toEqual(["fault peer reset CANCEL maybe", "closed false"]);
  });
});
