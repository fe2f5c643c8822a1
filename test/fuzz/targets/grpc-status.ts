import assert from "node:assert/strict";
import { decodeStatus, encodeStatus } from "../../../packages/core/src/protocol/grpc/status-proto.ts";
import type { Target } from "../target.ts";

/** A `google.rpc.Status` in binary, which `grpc-status-details-bin` carries. */
export const grpcStatus: Target = {
  words: [
    "\x08\x05",
    "\x12\x03a b",
    "\x1a\x0c\x0a\x03a.B\x12\x01\x01",
    "type.googleapis.com/",
    "\xff\xff\xff\xff\x0f",
    "\x80",
  ],
  run(input) {
    const given = Buffer.from(input);
    const status = decodeStatus(given);
    if (status === null) return "none";
    const { code, message, details } = status;
    assert.ok(Number.isInteger(code) && message.isWellFormed());
    const written = encodeStatus(status);
    // Nothing of the result is a part of what it was read from.
    given.fill(0xdb);
    assert.deepEqual(decodeStatus(written), status);
    assert.deepEqual(encodeStatus(status), written);
    const empty = details.filter(({ value }) => value.length === 0).length;
    return `${Math.sign(code)} ${message !== ""} ${Math.min(details.length, 3)} ${Math.min(empty, 2)}`;
  },
};
