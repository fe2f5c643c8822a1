// PROTOCOL 7 "details and metadata", 1 "keys ending in -bin".
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { RpcError } from "../../src/error.ts";
import { FieldMetadata, InvalidMetadata, UnreadableRequest } from "../../src/metadata.ts";

const metadata = (): FieldMetadata => new FieldMetadata();

test.each([
  "x",
  "x-y",
  "X-Y",
  "0",
  "!#$%&'*+.^_`|~",
  "grpc-trace-bin",
  "grpc-tags-bin",
  "authorization",
  "date",
])("%j may be set, and is lower case on the wire", (name) => {
  const value = name.endsWith("-bin") ? "AQ" : "v";
  expect(metadata().set(name, value).fields).toEqual([name.toLowerCase(), value]);
});

test.each([
  ":path",
  ":x",
  "te",
  "TE",
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "Content-Type",
  "content-encoding",
  "accept-encoding",
  "trailer",
  "trailer-x",
  "grpc-status",
  "grpc-timeout",
  "Grpc-Anything",
  "connect-timeout-ms",
  "connect-x",
])("%j is reserved: refused by name when set, not there when received", (name) => {
  expect(() => metadata().set(name, "v")).toThrow(`metadata name "${name}" is reserved`);
  expect(FieldMetadata.received([name.toLowerCase(), "v", "x", "y"]).fields).toEqual(["x", "y"]);
});

test.each([
  "",
  " ",
  "a b",
  "a:b",
  "a\r\nb",
  "a\0",
  "é",
  "日",
  "(",
  ")",
  "<",
  "[",
  '"',
  "a,b",
  "a;b",
  "a/b",
  "a@b",
  "a=b",
])("the name %j is no token", (name) => {
  expect(() => metadata().append(name, "v")).toThrow(InvalidMetadata);
  expect(() => metadata().append(name, "v")).toThrow(`metadata name ${JSON.stringify(name)} is not a token`);
});

test("every character that may be in a value is taken, and no other", () => {
  for (let code = 0; code < 0x180; code++) {
    const set = (): unknown => metadata().set("x", `a${String.fromCharCode(code)}b`);
    if (code >= 0x20 && code <= 0x7e) expect(set).not.toThrow();
    else expect(set).toThrow('metadata "x" has a character outside printable ASCII');
  }
});

test.each([undefined, null, 5, true, {}, [], Symbol("x"), () => "x"])(
  "a value that is %s is refused by its type",
  (value) => {
    expect(() => metadata().set("x", value as never)).toThrow(
      /^metadata "x" must be a string or bytes, not /,
    );
    if (value !== undefined && !Array.isArray(value))
      expect(() => FieldMetadata.of({ x: value as never })).toThrow(
        /^metadata "x" must be a string or bytes, not /,
      );
  },
);

test("bytes go under a -bin name alone, and come back", () => {
  expect(() => metadata().set("x", new Uint8Array(1))).toThrow(
    'metadata "x" is given bytes, which only names that end in "-bin" carry: name it "x-bin", or give text',
  );
  const set = metadata().set("x-bin", Uint8Array.of(255, 0));
  expect(set.get("x-bin")).toBe("/wA");
  expect(set.getBinary("x-bin")).toEqual(Uint8Array.of(255, 0));
  expect(() => set.set("x-bin", "!")).toThrow(
    'metadata "x-bin" is given text that is not base64, but a name that ends in "-bin" carries bytes: give new TextEncoder().encode(text), or choose a name without "-bin"',
  );
});

test.each(["QUI", "QUI=", "QUI,Qw==", "QUI, Qw"])("of the -bin value %j the first part is read", (text) => {
  expect(FieldMetadata.received(["x-bin", text]).getBinary("x-bin")).toEqual(Uint8Array.of(0x41, 0x42));
});

test("a joined list of -bin values is taken apart", () => {
  const all = [...FieldMetadata.received(["x-bin", "QQ==, Qg", "x-bin", "Qw"])];
  expect(all.map(([, value]) => String.fromCharCode((value as Uint8Array)[0]!))).toEqual(["A", "B", "C"]);
});

test("a list of -bin values is read up to 512 of them: more are an error for who iterates, naming it", () => {
  const listed = (count: number): FieldMetadata =>
    FieldMetadata.received(["x-bin", Array.from({ length: count }, () => "AQ").join(",")]);
  expect([...listed(512)]).toHaveLength(512);
  const tooMany = listed(513);
  const why = 'metadata "x-bin" is a list of more than 512 values, the most that is read';
  expect(() => [...tooMany]).toThrow(new InvalidMetadata(why));
  expect(tooMany.getBinary("x-bin")).toEqual(new Uint8Array([1]));
  // It is the client's fault, where it came with a request.
  expect(() => [...FieldMetadata.ofRequest(tooMany.fields)]).toThrow(UnreadableRequest);
});

test("a -bin value that is not base64 is an error for its reader alone, naming it", () => {
  const received = FieldMetadata.received(["x-bin", "!", "y", "z"]);
  expect(() => received.getBinary("x-bin")).toThrow('metadata "x-bin" is not base64: "!"');
  expect(received.get("x-bin")).toBe("!");
  expect(received.get("y")).toBe("z");
});

test("duplicates keep their order", () => {
  const both = metadata().append("a", "1").append("b", "2").append("A", "3");
  expect(both.getAll("a")).toEqual(["1", "3"]);
  expect(both.get("A")).toBe("1, 3");
  expect(both.set("a", "4").fields).toEqual(["b", "2", "a", "4"]);
});

test("a cookie that HTTP/2 has split is joined as a cookie is", () => {
  const received = FieldMetadata.received(["cookie", "a=1; b=2", "x", "1", "cookie", "c=3", "x", "2"]);
  expect([received.get("Cookie"), received.get("x")]).toEqual(["a=1; b=2; c=3", "1, 2"]);
  expect(received.getAll("cookie")).toEqual(["a=1; b=2", "c=3"]);
});

describe("what a peer sent that no one may send", () => {
  const received = FieldMetadata.received([
    "a",
    "x\r\ny",
    "b c",
    "z",
    "d",
    "\u00e9",
    "e",
    "日",
    "f",
    "\0",
    "g",
    "good",
  ]);

  test("can be read", () => {
    expect(received.get("a")).toBe("x\r\ny");
    expect(received.get("d")).toBe("\u00e9");
  });

  test("is not passed on", () => {
    expect(FieldMetadata.of(received).fields).toEqual(["g", "good"]);
    expect(metadata().replace(received).fields).toEqual(["g", "good"]);
    expect([...new RpcError("aborted", "", { metadata: received }).metadata]).toEqual([["g", "good"]]);
  });
});

describe("of names that a peer chose", () => {
  const names = ["__proto__", "constructor", "__proto__", "a"];
  const received = FieldMetadata.received(names.flatMap((name, index) => [name, String(index)]));

  test("each is in JSON", () => {
    expect(JSON.stringify(received)).toBe('{"__proto__":["0","2"],"constructor":"1","a":"3"}');
    expect(Object.getPrototypeOf(received.toJSON())).toBe(Object.prototype);
  });

  test("each is replaced", () => {
    const changed = new FieldMetadata(["x", "kept", "a", "old", "__proto__", "old"]).replace(received);
    expect(changed.fields).toEqual(["x", "kept", ...received.fields]);
  });

  test("a console shows the first hundred, and how many more there are", () => {
    const many = FieldMetadata.received(Array.from({ length: 250 }, (_, i) => [`k${i}`, "v"]).flat());
    const shown = inspect(new RpcError("aborted", "", { metadata: many }));
    expect(shown).toContain("k99: 'v'");
    expect(shown).not.toContain("k100:");
    expect(shown).toContain("'…': '150 more names'");
    expect(inspect(received)).not.toContain("…");
  });

  test("even half a million are read in one pass", () => {
    const many = FieldMetadata.received(Array.from({ length: 500_000 }, (_, i) => [`k${i}`, "v"]).flat());
    expect(Object.keys(many.toJSON())).toHaveLength(500_000);
    expect(new FieldMetadata([...many.fields]).replace(many).fields).toHaveLength(1_000_000);
    expect(inspect(many)).toContain("499900 more names");
  });
});

test("metadata that have left refuse a write, saying why, and can still be read", () => {
  const closed = metadata().set("a", "1");
  closed.close("they have left");
  for (const write of [
    () => closed.set("a", "2"),
    () => closed.append("a", "2"),
    () => closed.delete("a"),
    () => closed.add({ a: "2" }),
  ])
    expect(write).toThrow("they have left");
  expect(closed.get("a")).toBe("1");
});
