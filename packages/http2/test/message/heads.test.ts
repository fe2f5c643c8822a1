import { describe, expect, test } from "vitest";
import { HeaderBlock } from "../../src/hpack/header-block.ts";
import { contentLength } from "../../src/message/content-length.ts";
import { Malformed } from "../../src/message/malformed.ts";
import { readRequest } from "../../src/message/request.ts";
import { readResponse } from "../../src/message/response.ts";

function block(...fields: string[]): HeaderBlock {
  return new HeaderBlock("fields", fields, 0, true, undefined, "");
}

const pseudo = [":method", "GET", ":scheme", "https", ":authority", "a:1", ":path"];

describe("RFC 9113 section 8.3.1: a request's head", () => {
  test.each([
    ["/", "/", ""],
    ["/a/b", "/a/b", ""],
    ["/?", "/", ""],
    ["/a?b=c?d", "/a", "b=c?d"],
  ])("%s has the path %s and the query %j", (target, path, query) => {
    expect(readRequest(block(...pseudo, target))).toMatchObject({ head: { path, query } });
  });

  test("keeps fields in their order, without pseudo-header fields", () => {
    const read = readRequest(block(...pseudo, "/", "b", "1", "a", "2", "b", "3", "cookie", "x"));
    expect(read).toMatchObject({
      head: {
        method: "GET",
        scheme: "https",
        authority: "a:1",
        fields: ["b", "1", "a", "2", "b", "3", "cookie", "x"],
      },
      contentLength: -1,
      expectsContinue: false,
      priority: undefined,
    });
  });

  test("says what its fields say", () => {
    const fields = ["content-length", "12", "expect", "100-Continue", "priority", "u=1"];
    expect(readRequest(block(...pseudo, "/", ...fields))).toMatchObject({
      contentLength: 12,
      expectsContinue: true,
      priority: { urgency: 1, incremental: false },
    });
  });

  test("is read once for a block, whatever repeats it", () => {
    const same = block(...pseudo, "/");
    expect(readRequest(same)).toBe(readRequest(same));
  });

  test("of a block that is not valid is malformed", () => {
    const bad = new HeaderBlock("fields", [...pseudo, "/"], 0, false, undefined, "");
    expect(readRequest(bad)).toBeInstanceOf(Malformed);
  });
});

describe("RFC 9113 section 8.3.2: a response's head", () => {
  test.each([100, 103, 200, 404, 599, 999])("of status %d", (status) => {
    const read = readResponse(block(":status", String(status), "a", "b"));
    expect(read).toMatchObject({ status, head: { fields: ["a", "b"] }, contentLength: -1 });
  });

  test.each(["", "20", "2000", "099", "+20", "2.0", "101"])("has no status %j", (status) => {
    expect(readResponse(block(":status", status))).toBeInstanceOf(Malformed);
  });
});

describe("RFC 9110 section 8.6: content-length", () => {
  test.each([
    [[], -1],
    [["a", "b"], -1],
    [["content-length", "0"], 0],
    [["content-length", "00012"], 12],
    [["content-length", "999999999999999"], 999_999_999_999_999],
    [["content-length", "5", "a", "b", "content-length", "5"], 5],
  ])("of %j is %d", (fields, expected) => {
    expect(contentLength(fields)).toBe(expected);
  });

  test.each(["", "-1", "+1", "1.0", "1e3", "0x1", "1 ", "1, 1", "1000000000000000", "\u0661"])(
    "is not %j",
    (value) => {
      expect(contentLength(["content-length", value])).toBeInstanceOf(Malformed);
    },
  );

  test("does not say two things", () => {
    expect(contentLength(["content-length", "1", "content-length", "2"])).toBeInstanceOf(Malformed);
  });
});
