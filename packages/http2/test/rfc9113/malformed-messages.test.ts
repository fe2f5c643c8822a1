import { describe, expect, test } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import { data, type Frame, headers } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const ok = [":status", "200"];
const [method, scheme, authority, path] = [0, 2, 4, 6].map((at) => get.slice(at, at + 2)) as [
  string[],
  string[],
  string[],
  string[],
];

/** Rules of fields that hold in every header block. */
const badFields: [string, string[]][] = [
  ["section 8.2.1: a name in upper case", ["X-Upper", "v"]],
  ["section 8.2.1: an empty name", ["", "v"]],
  ["section 8.2.1: a space in a name", ["a b", "v"]],
  ["section 8.2.1: a colon in a name", ["a:b", "v"]],
  ["section 8.2.1: an octet beyond ASCII in a name", ["\u00e9", "v"]],
  ["section 8.2.1: NUL in a value", ["x", "a\0b"]],
  ["section 8.2.1: CR in a value", ["x", "a\rb"]],
  ["section 8.2.1: LF in a value", ["x", "a\nb"]],
  ["section 8.2.1: a space before a value", ["x", " v"]],
  ["section 8.2.1: a tab behind a value", ["x", "v\t"]],
  ["section 8.2.2: connection", ["connection", "close"]],
  ["section 8.2.2: keep-alive", ["keep-alive", "1"]],
  ["section 8.2.2: proxy-connection", ["proxy-connection", "close"]],
  ["section 8.2.2: transfer-encoding", ["transfer-encoding", "chunked"]],
  ["section 8.2.2: upgrade", ["upgrade", "h2c"]],
  ["section 8.2.2: te of something else than trailers", ["te", "gzip"]],
  ["section 8.3: an unknown pseudo-header field", [":unknown", "v"]],
];

const badRequests: [string, string[]][] = [
  ...badFields.map(([rule, fields]): [string, string[]] => [rule, [...get, ...fields]]),
  ["section 8.3: a response's pseudo-header field", [...get, ":status", "200"]],
  [
    "section 8.3: a pseudo-header field behind a field",
    [...method, ...scheme, ...path, "a", "b", ...authority],
  ],
  ["section 8.3.1: no :method", [...scheme, ...authority, ...path]],
  ["section 8.3.1: no :scheme", [...method, ...authority, ...path]],
  ["section 8.3.1: no :path", [...method, ...scheme, ...authority]],
  ["section 8.3.1: an empty :path", [...method, ...scheme, ":path", ""]],
  ["section 8.3.1: a :path that is none", [...method, ...scheme, ":path", "x"]],
  ["section 8.3.1: * with another method than OPTIONS", [...method, ...scheme, ":path", "*"]],
  ["section 8.3.1: :method twice", [...method, ...get]],
  ["section 8.3.1: :scheme twice", [...scheme, ...get]],
  ["section 8.3.1: :path twice", [...path, ...get]],
  ["section 8.3.1: :authority twice", [...authority, ...get]],
  ["section 8.3.1: a user in :authority", [...method, ...scheme, ...path, ":authority", "me@a"]],
  ["section 8.3.1: host says something else than :authority", [...get, "host", "b"]],
  ["section 8.5: CONNECT", [":method", "CONNECT", ...authority]],
  ["RFC 9110 section 8.6: content-length is no number", [...get, "content-length", "1x"]],
  [
    "RFC 9110 section 8.6: content-length says two things",
    [...get, "content-length", "1", "content-length", "2"],
  ],
];

describe("section 8.1.1: a malformed request is a stream error of PROTOCOL_ERROR, and nobody sees it", () => {
  test.each(badRequests)("%s", (_, fields) => {
    const script = ServerScript.open();
    script.receive(headers(1, fields, "END_STREAM"), headers(3, get, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(script.requests).toHaveLength(1);
  });

  test.each([
    ["host in place of :authority", [...method, ...scheme, ...path, "host", "a"]],
    ["host beside :authority, in another case", [...get, "host", "A"]],
    ["te of trailers", [...get, "te", "trailers"]],
    ["the same content-length twice", [...post, "content-length", "0", "content-length", "0"]],
    ["OPTIONS of *", [":method", "OPTIONS", ...scheme, ...authority, ":path", "*"]],
  ])("which %s is not", (_, fields) => {
    const script = ServerScript.open();
    script.receive(headers(1, fields, "END_STREAM"));
    expect(script.last.exchange.head.authority.toLowerCase()).toBe("a");
    expect(script.sent()).toEqual([]);
  });
});

describe("section 8.1.1: a request whose body is not what its head said", () => {
  const sized = headers(1, [...post, "content-length", "4"]);
  const none = headers(1, [...post, "content-length", "4"], "END_STREAM");

  test.each<[string, Frame[]]>([
    ["longer", [sized, data(1, "12345")]],
    ["longer by another frame", [sized, data(1, "1234"), data(1, "5")]],
    ["shorter", [sized, data(1, "123", "END_STREAM")]],
    ["shorter, before trailers", [sized, data(1, "123"), headers(1, ["t", "x"], "END_STREAM")]],
    ["missing", [none]],
  ])("%s", (_, frames) => {
    const script = ServerScript.open();
    script.receive(...frames);
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    for (const request of script.requests)
      expect(request.events().slice(-2)).toEqual([
        "fault local protocol PROTOCOL_ERROR maybe",
        "closed false",
      ]);
  });

  test("is well if it is as long, padding aside", () => {
    const script = ServerScript.open();
    script.receive(sized, data(1, "12"), data(1, "34", "END_STREAM"));
    expect(script.last.events()).toEqual(["data 12", "data 34", "end"]);
  });
});

describe("section 8.1: malformed trailers are a stream error of PROTOCOL_ERROR", () => {
  const bad: [string, string[]][] = [...badFields, ["section 8.1: a pseudo-header field", [":path", "/"]]];

  test.each(bad)("of a request: %s", (_, fields) => {
    const script = ServerScript.open();
    script.receive(headers(1, post), headers(1, fields, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(script.last.events()).toEqual(["fault local protocol PROTOCOL_ERROR maybe", "closed false"]);
  });

  test.each(bad)("of a response: %s", (_, fields) => {
    const script = ClientScript.open();
    const call = script.open();
    script.sent();
    script.receive(headers(1, ok), headers(1, fields, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(call.events().slice(-2)).toEqual(["fault local protocol PROTOCOL_ERROR maybe", "closed false"]);
  });
});

describe("section 8.1.1: a malformed response is a stream error of PROTOCOL_ERROR", () => {
  const sized = headers(1, [...ok, "content-length", "4"]);
  const bad: [string, Frame[]][] = [
    ...badFields.map(([rule, fields]): [string, Frame[]] => [rule, [headers(1, [...ok, ...fields])]]),
    ["section 8.3: a request's pseudo-header field", [headers(1, [...ok, ":path", "/"])]],
    ["section 8.3: a pseudo-header field behind a field", [headers(1, ["a", "b", ...ok])]],
    ["section 8.3.2: no :status", [headers(1, ["a", "b"])]],
    ["section 8.3.2: :status twice", [headers(1, [...ok, ...ok])]],
    ["section 8.3.2: :status of two digits", [headers(1, [":status", "99"])]],
    ["section 8.3.2: :status of letters", [headers(1, [":status", "2xx"])]],
    ["section 8.6: 101", [headers(1, [":status", "101"])]],
    ["section 8.1: an interim response that ends the stream", [headers(1, [":status", "100"], "END_STREAM")]],
    ["section 8.1: DATA before the head", [data(1, "x")]],
    ["section 8.1: DATA behind an interim response", [headers(1, [":status", "100"]), data(1, "x")]],
    [
      "section 8.1: header fields behind the head without END_STREAM",
      [headers(1, ok), headers(1, ["a", "b"])],
    ],
    ["section 8.1.1: a body that is longer than it should be", [sized, data(1, "12345")]],
    ["section 8.1.1: a body that is shorter than it should be", [sized, data(1, "123", "END_STREAM")]],
    [
      "section 8.1.1: no body where there should be one",
      [headers(1, [...ok, "content-length", "1"], "END_STREAM")],
    ],
  ];

  test.each(bad)("%s", (_, frames) => {
    const script = ClientScript.open();
    const [call, sibling] = [script.open(), script.open()];
    script.sent();
    script.receive(...frames, headers(3, ok, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(call.events().slice(-2)).toEqual(["fault local protocol PROTOCOL_ERROR maybe", "closed false"]);
    expect(sibling.events()).toEqual(["sent", "head 200", "end", "closed true"]);
  });

  test.each([
    ["a response to HEAD", { method: "HEAD" }, "200"],
    ["status 304", {}, "304"],
  ])("which content-length without a body is not: %s", (_, head, status) => {
    const script = ClientScript.open();
    const call = script.open(head);
    script.receive(headers(1, [":status", status, "content-length", "9"], "END_STREAM"));
    expect(call.events()).toEqual(["sent", `head ${status} content-length=9`, "end", "closed true"]);
  });
});
