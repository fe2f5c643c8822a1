// What the layer above hands over and no HTTP/2 message may have: nothing of it reaches the wire, and who gave it is told.
import type { Fields, RequestHead } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import { headers } from "../support/frames.ts";
import { get, ServerScript } from "../support/server-script.ts";

function answering(): ServerScript {
  const script = ServerScript.open();
  script.receive(headers(1, get));
  script.last.events();
  return script;
}

function expectRefused(script: ServerScript, text: string): void {
  expect(script.sent()).toEqual(["RST_STREAM 1 INTERNAL_ERROR"]);
  expect(script.last.events()).toEqual(["fault local protocol INTERNAL_ERROR maybe", "closed false"]);
  expect(script.last.lastFault!.text).toContain(text);
}

describe("sections 8.2.1 and 8.3.1: a client does not send", () => {
  test.each<[string, Partial<RequestHead>, string]>([
    ["a method that is no token", { method: "GET /\r\n" }, 'the method "GET /\\r\\n" is none'],
    ["no method", { method: "" }, 'the method "" is none'],
    ["CONNECT", { method: "CONNECT" }, "the method CONNECT is not supported"],
    ["another scheme", { scheme: "h\nttp" }, 'the scheme "h\\nttp" is neither "http" nor "https"'],
    [
      "an authority with CR LF",
      { authority: "a\r\nb: c" },
      'the authority "a\\r\\nb: c" is not a host and a port',
    ],
    ["an authority with a space", { authority: "a b" }, 'the authority "a b" is not a host and a port'],
    ["an authority with a user", { authority: "u@a" }, 'the authority "u@a" is not a host and a port'],
    ["an authority with a path", { authority: "a/b" }, 'the authority "a/b" is not a host and a port'],
    [
      "a path with CR LF",
      { path: "/\r\na: b" },
      'the path "/\\r\\na: b" does not begin with "/", or has what a URL may not have',
    ],
    ["a path with a space", { path: "/a b" }, 'the path "/a b" does not begin'],
    ["a path that is not ASCII", { path: "/é" }, 'the path "/é" does not begin'],
    ["a path without a slash", { path: "a" }, 'the path "a" does not begin'],
    ["* but with OPTIONS", { path: "*" }, 'the path "*" does not begin'],
    ["a query with a line break", { query: "a=b\n" }, "the query has what a URL may not have"],
    ["a query with a space", { query: "a=b c" }, "the query has what a URL may not have"],
    ["a name in upper case", { fields: ["Bad", "x"] }, '"Bad" is no field name in lower case'],
    ["a value of two lines", { fields: ["x", "a\r\nb"] }, 'the value of "x" has a line break'],
    ["a name without a value", { fields: ["a", "b", "x"] }, "its fields are 3 texts: each name must be"],
    [
      "a value that is not of octets",
      { fields: ["x", "€uro"] },
      'the value of "x" has a line break, NUL, a space at an end, or a character above U+00FF',
    ],
  ])("%s", (_, head, text) => {
    const script = ClientScript.open();
    const call = script.open(head);
    expect(call.events()).toEqual(["fault local protocol - never", "closed false"]);
    expect(call.lastFault!.text).toContain(`the head cannot be sent: ${text}`);
    expect(script.sent()).toEqual([]);
  });

  test("but what is as it should be", () => {
    const script = ClientScript.open();
    script.open({ method: "OPTIONS", path: "*", authority: "[::1]:80" });
    script.open({
      method: "M-SEARCH",
      scheme: "https",
      path: "/a/%20;b=c",
      query: "d=/?@:",
      fields: ["x", "é"],
    });
    script.open({ authority: "" });
    expect(script.sent()).toEqual([
      "HEADERS 1 END_STREAM :method=OPTIONS :scheme=http :authority=[::1]:80 :path=*",
      "HEADERS 3 END_STREAM :method=M-SEARCH :scheme=https :authority=a :path=/a/%20;b=c?d=/?@: x=é",
      "HEADERS 5 END_STREAM :method=GET :scheme=http :path=/",
    ]);
  });
});

describe("sections 8.2.1 and 8.3.2: a server does not send", () => {
  test.each<[number, Fields, string]>([
    [200, [], "its status is 200: it must be from 100 to 199"],
    [101, [], "its status is 101: it must be from 100 to 199, and not 101"],
    [99, [], "its status is 99"],
    [103.5, [], "its status is 103.5"],
    [103, ["Bad Name", "x"], '"Bad Name" is no field name in lower case'],
    [103, ["link", "a\r\nb"], 'the value of "link" has a line break'],
  ])("an interim response of %d %j", (status, fields, text) => {
    const script = answering();
    script.last.exchange.inform(status, fields);
    expectRefused(script, `the interim response cannot be sent: ${text}`);
  });

  test.each<[number, Fields, string]>([
    [100, [], "its status is 100: it must be from 200 to 999"],
    [1000, [], "its status is 1000"],
    [
      200,
      ["x", "€uro"],
      'the value of "x" has a line break, NUL, a space at an end, or a character above U+00FF',
    ],
    [200, ["connection", "close"], 'the field "connection" is of a connection'],
    [200, ["x"], "its fields are 1 texts: each name must be followed by its value"],
  ])("a response of %d %j", (status, fields, text) => {
    const script = answering();
    script.last.exchange.reply(status, fields, null, null);
    expectRefused(script, `the head cannot be sent: ${text}`);
  });

  test("trailers that are not of octets", () => {
    const script = answering();
    script.last.exchange.respond(200, []);
    script.last.exchange.end(["x", "€uro"]);
    expect(script.sent()).toEqual(["HEADERS 1 :status=200", "RST_STREAM 1 INTERNAL_ERROR"]);
    expect(script.last.lastFault!.text).toContain(
      'the trailers cannot be sent: the value of "x" has a line break',
    );
  });
});

describe("a body that is no Uint8Array, which only JavaScript can give,", () => {
  const bodies: readonly (readonly [unknown, string])[] = [
    ["text", "it is a string"],
    [[1, 2, 3], "it is an array"],
    [5, "it is 5"],
    [undefined, "it is undefined"],
  ];
  const must = ": it must be a Uint8Array";

  test.each(bodies.slice(0, 3))("is no request's (%j)", (body, text) => {
    const script = ClientScript.open();
    const call = script.open({}, body as Uint8Array);
    expect(call.lastFault).toMatchObject({ by: "local", kind: "protocol", processed: "never" });
    expect(call.lastFault!.text).toBe(`the body cannot be sent: ${text}${must}`);
    expect(script.sent()).toEqual([]);
  });

  test.each(bodies)("is no piece of a request's (%j)", (body, text) => {
    const script = ClientScript.open();
    const call = script.upload();
    script.sent();
    call.exchange.write(body as Uint8Array);
    expect(script.sent()).toEqual(["RST_STREAM 1 INTERNAL_ERROR"]);
    expect(call.lastFault!.text).toBe(`the body cannot be sent: ${text}${must}`);
  });

  test.each(bodies)("is no response's (%j)", (body, text) => {
    const script = answering();
    script.last.exchange.reply(200, [], body as Uint8Array, null);
    expectRefused(script, `the body cannot be sent: ${text}${must}`);
  });

  test.each(bodies)("is no piece of a response's (%j)", (body, text) => {
    const script = answering();
    script.last.exchange.write(body as Uint8Array);
    expectRefused(script, `the body cannot be sent: ${text}${must}`);
  });
});
