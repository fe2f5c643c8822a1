import { decodeBase64, encodeBase64 } from "../../base64.ts";
import { isCode } from "../../code.ts";
import type { Code } from "../../code.ts";
import { remoteError } from "../../error.ts";
import type { ErrorDetail } from "../../error-detail.ts";
import type { RpcError } from "../../error.ts";
import type { Metadata } from "../../metadata.ts";

/** Connect "Error" as a JSON value. */
export interface ErrorJson {
  readonly code: Code;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

/** Connect "Error": what goes into a body or an EndStream message. */
export function errorToJson(error: RpcError): ErrorJson {
  return {
    code: error.code,
    ...(error.message === "" ? {} : { message: error.message }),
    ...(error.details.length === 0
      ? {}
      : { details: error.details.map(({ type, value }) => ({ type, value: encodeBase64(value) })) }),
  };
}

/**
 * Reads a JSON value as an error. `fallback` is the code if it carries none that is known; unknown keys, and details that
 * are none, are passed over.
 */
export function errorFromJson(
  json: unknown,
  fallback: Code,
  fallbackText: string,
  metadata: Metadata,
): RpcError {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return remoteError(fallback, fallbackText, { metadata });
  }
  const { code, message, details } = json as Record<string, unknown>;
  const text = typeof message === "string" ? message : isCode(code) ? "" : fallbackText;
  return remoteError(isCode(code) ? code : fallback, text, { metadata, details: readDetails(details) });
}

function readDetails(json: unknown): ErrorDetail[] {
  const details: ErrorDetail[] = [];
  if (!Array.isArray(json)) return details;
  for (const entry of json as unknown[]) {
    if (typeof entry !== "object" || entry === null) continue;
    const { type, value } = entry as Record<string, unknown>;
    const bytes = typeof value === "string" ? decodeBase64(value) : null;
    if (typeof type === "string" && bytes !== null)
      details.push({ type: type.slice(type.lastIndexOf("/") + 1), value: bytes });
  }
  return details;
}
