import assert from "node:assert/strict";
import { RpcError } from "@millrace/core";

/** What a decoder gives, or the RpcError that it threw. Anything else that it throws is a finding. */
export function coded<T>(decode: () => T): T | RpcError {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    // Errors quote what was wrong, but only so much of it.
    assert.ok(error.message.length < 400, `a text of ${error.message.length} characters`);
    return error;
  }
}

/** An error in a few words: what it quotes, its numbers, and a peer's own text say nothing new. */
export function inShort(error: RpcError | null): string {
  if (error === null) return "ok";
  if (error.isRemote) return `${error.code} ${error.message === "" ? "" : "with text"}`;
  const [text = ""] = error.message.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').split(":");
  return `${error.code}: ${text.replaceAll(/\d+/g, "#")}`;
}
