import assert from "node:assert/strict";
import { RpcError } from "@millrace/core";
import { prefixLength } from "../../../packages/core/src/protocol/envelope.ts";
import {
  readTrailerBlock,
  trailerFrame,
} from "../../../packages/core/src/protocol/grpc-web/trailer-frame.ts";
import { readStatus } from "../../../packages/core/src/protocol/grpc/status.ts";
import type { Target } from "../target.ts";
import { inShort } from "./coded.ts";

/** What a gRPC-Web response ends with. */
export const trailerBlock: Target = {
  words: [
    "\r\n",
    "\n",
    ": ",
    "grpc-status: 5\r\n",
    "grpc-message: a%20b\r\n",
    "grpc-status-details-bin: CAUSA2EgYg\r\n",
  ],
  run(input) {
    const fields = readTrailerBlock(input);
    if (fields === null) return "none";
    assert.equal(fields.length % 2, 0);
    for (let i = 0; i < fields.length; i += 2) {
      assert.match(fields[i]!, /^[^:\n]*$/);
      assert.equal(fields[i], fields[i]!.trim().toLowerCase());
      assert.equal(fields[i + 1], fields[i + 1]!.trim());
    }
    assert.deepEqual(readTrailerBlock(trailerFrame(fields).subarray(prefixLength)), fields);
    const outcome = readStatus(fields, []);
    if (outcome === undefined) return `no status among ${Math.min(fields.length / 2, 4)}`;
    assert.ok(outcome.error === null || outcome.error instanceof RpcError);
    return `${inShort(outcome.error)} ${Math.min(outcome.error?.details.length ?? 0, 3)}`;
  },
};
