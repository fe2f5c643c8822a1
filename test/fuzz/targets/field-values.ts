import assert from "node:assert/strict";
import { InvalidMetadata, RpcError } from "@millrace/core";
import { decodeBase64, encodeBase64 } from "../../../packages/core/src/base64.ts";
import { FieldMetadata } from "../../../packages/core/src/metadata.ts";
import { getQuery, readQuery } from "../../../packages/core/src/protocol/connect/get.ts";
import { listField, mediaType } from "../../../packages/core/src/protocol/fields.ts";
import { percentDecode, percentEncode } from "../../../packages/core/src/protocol/grpc/percent.ts";
import { readStatus } from "../../../packages/core/src/protocol/grpc/status.ts";
import {
  parseConnectTimeout,
  parseGrpcTimeout,
  printConnectTimeout,
  printGrpcTimeout,
} from "../../../packages/core/src/protocol/timeout.ts";
import type { Target } from "../target.ts";
import { coded, inShort } from "./coded.ts";

/** A text out of a request's or a response's head: given to everything that reads a field's value, or a query. */
export const fieldValues: Target = {
  words: [
    ...["%", "%25", "%C3%A4", "%F0%9F%92%A5", "H", "M", "S", "m", "u", "n", "99999999", "9999999999"],
    ...["application/grpc+proto", "application/connect+json", "; charset=utf-8", "gzip", ";q=0.5", ", "],
    ...["CAUSA2EgYg", "AQ", "==", "-_", "+/", "&", "=", "connect=v1", "base64=1", "compression=gzip"],
    ...["encoding=json", "encoding=proto", "message="],
  ],
  run(input) {
    const text = Buffer.from(input).toString("latin1");
    return [
      timeouts(text),
      percent(text),
      base64(text),
      lists(text),
      binaryMetadata(text),
      statuses(text),
      query(text),
    ].join(" ");
  },
};

function timeouts(text: string): string {
  const connect = coded(() => parseConnectTimeout(text));
  if (typeof connect === "number") {
    assert.ok(Number.isInteger(connect) && connect >= 0);
    assert.equal(parseConnectTimeout(printConnectTimeout(connect)), Math.max(connect, 1));
  } else assert.equal(connect.code, "invalid_argument");
  const grpc = coded(() => parseGrpcTimeout(text));
  if (typeof grpc === "number") {
    assert.ok(Number.isFinite(grpc) && grpc >= 0);
    assert.ok(parseGrpcTimeout(printGrpcTimeout(grpc)) >= grpc);
  } else assert.equal(grpc.code, "invalid_argument");
  return `${typeof connect} ${typeof grpc === "number" ? text.at(-1) : "error"}`;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function percent(text: string): string {
  const decoded = percentDecode(text);
  // Characters outside ASCII are whole ones here, so that each run of escapes stands by itself.
  const expected = text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    utf8.decode(Buffer.from(run.replaceAll("%", ""), "hex")),
  );
  assert.equal(decoded, expected);
  assert.equal(percentDecode(percentEncode(decoded)), decoded);
  return decoded === text ? "as it is" : decoded.includes("\uFFFD") ? "replaced" : "unescaped";
}

function base64(text: string): string {
  const bytes = decodeBase64(text);
  // RFC 4648 sections 4 and 5, padded or not.
  const grammar = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/;
  assert.equal(bytes !== null, grammar.test(text));
  if (bytes === null) return "none";
  assert.deepEqual(bytes, new Uint8Array(Buffer.from(text, "base64")));
  assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
  return `base64 ${text.length % 4}`;
}

function lists(text: string): string {
  const type = mediaType(text);
  assert.equal(type, type.trim().toLowerCase());
  assert.ok(!type.includes(";"));
  const members = listField(["x", "first", "y", text, "x", text], "x");
  assert.equal(members[0], "first");
  for (const member of members) assert.match(member, /^[^,;\s](?:[^,;]*[^,;\s])?$/);
  return `${Math.min(members.length, 3)}`;
}

function binaryMetadata(text: string): string {
  const received = FieldMetadata.received(["x-bin", text, "y", text]);
  assert.equal(received.get("x-bin"), text);
  let result: string;
  try {
    const all = [...received].filter(([name]) => name === "x-bin").map(([, value]) => value);
    assert.deepEqual(received.getBinary("x-bin"), all[0]);
    result = `${Math.min(all.length, 3)} parts`;
  } catch (error) {
    if (!(error instanceof InvalidMetadata)) throw error;
    result = "no parts";
  }
  // What goes on to the next wire can be sent there.
  for (const value of FieldMetadata.of(received).fields) assert.match(value, /^[\x20-\x7e]*$/);
  return result;
}

function statuses(text: string): string {
  const said = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map((name) => {
    const trailers = name === "grpc-status" ? [name, text] : ["grpc-status", "5", name, text];
    const outcome = readStatus(trailers, ["x", text]);
    assert.ok(outcome !== undefined);
    assert.ok(outcome.error === null || outcome.error instanceof RpcError);
    return outcome.error;
  });
  return `${inShort(said[0]!)} ${said[2]!.details.length > 0}`;
}

function query(text: string): string {
  const read = readQuery(text);
  const { encoding, message, compression, version } = read;
  if (message !== null) {
    for (const format of ["proto", "json"] as const) {
      // What is no UTF-8 is no JSON, and goes as base64 alone.
      if (format === "json" && compression === null && !isUtf8(message)) continue;
      const again = readQuery(getQuery(format, message, compression === null ? null : "gzip"));
      assert.deepEqual(again.message, message);
      assert.equal(again.encoding, format);
    }
  }
  return `${encoding === "proto" || encoding === "json"} ${message === null ? "none" : message.length > 0} ${compression === null} ${version === "v1"}`;
}

function isUtf8(bytes: Uint8Array): boolean {
  return Buffer.from(Buffer.from(bytes).toString("utf8")).equals(bytes);
}
