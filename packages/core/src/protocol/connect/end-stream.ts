import type { Fields } from "@millrace/exchange";
import { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Outcome } from "../client-protocol.ts";
import { envelop } from "../envelope.ts";
import { mostFields } from "../fields.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { errorFromJson, errorToJson } from "./error-json.ts";

/** Bit 1 of an envelope's flags: it ends the stream (Connect "EndStreamResponse"). */
export const flagEndStream = 0b0000_0010;

/** The last frame of a streaming response. */
export function endStreamFrame(error: RpcError | null, trailers: Fields): Uint8Array {
  // Names are the user's: "constructor" and "__proto__" are two of them.
  const metadata = Object.create(null) as Record<string, string[]>;
  for (let i = 0; i < trailers.length; i += 2) (metadata[trailers[i]!] ??= []).push(trailers[i + 1]!);
  const json = {
    ...(error === null ? {} : { error: errorToJson(error) }),
    ...(trailers.length === 0 ? {} : { metadata }),
  };
  return envelop(flagEndStream, encodeUtf8(JSON.stringify(json)));
}

/** Reads the last frame. `headers` become part of an error's metadata. */
export function readEndStream(payload: Uint8Array, headers: Fields): Outcome {
  let json: unknown;
  try {
    json = JSON.parse(decodeUtf8(payload));
  } catch (cause) {
    return malformed(headers, cause);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return malformed(headers, undefined);
  const { error, metadata } = json as Record<string, unknown>;
  const fields = readMetadata(metadata);
  if (fields.length > 2 * mostFields) {
    const text = `the EndStream message has more than ${mostFields} values of metadata`;
    const failure = new RpcError("resource_exhausted", text, { metadata: FieldMetadata.received(headers) });
    return { error: failure, trailers: [] };
  }
  const trailers = FieldMetadata.received(fields);
  if (error === undefined || error === null) return { error: null, trailers: trailers.fields };
  const union = FieldMetadata.received(headers).add(trailers);
  return {
    error: errorFromJson(error, "unknown", "the server reported an error without a code", union),
    trailers: trailers.fields,
  };
}

function readMetadata(json: unknown): string[] {
  const fields: string[] = [];
  if (typeof json !== "object" || json === null) return fields;
  for (const [name, values] of Object.entries(json)) {
    if (!Array.isArray(values)) continue;
    for (const value of values as unknown[])
      if (typeof value === "string") fields.push(name.toLowerCase(), value);
  }
  return fields;
}

function malformed(headers: Fields, cause: unknown): Outcome {
  const metadata = FieldMetadata.received(headers);
  return {
    error: new RpcError("internal", "the EndStream message is not the JSON it must be", { metadata, cause }),
    trailers: [],
  };
}
