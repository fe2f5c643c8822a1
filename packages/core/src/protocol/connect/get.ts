import { decodeBase64, encodeBase64Url } from "../../base64.ts";
import type { Method } from "../../method.ts";
import { encodingNamed } from "../encoding.ts";
import type { Format } from "../format.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";

/** Connect "Unary-Get-Request": whether a method may be called by GET. */
export function allowsGet(method: Method): boolean {
  return method.kind === "unary" && method.idempotency === "no_side_effects";
}

/** Connect "Unary-Get-Request": the query that carries a message, its parts in the order that caches rely on. */
export function getQuery(format: Format, payload: Uint8Array, compression: string | null): string {
  const binary = format === "proto" || compression !== null;
  const message = binary ? encodeBase64Url(payload) : encodeURIComponent(decodeUtf8(payload));
  return (
    "connect=v1" +
    (binary ? "&base64=1" : "") +
    (compression === null ? "" : `&compression=${compression}`) +
    `&encoding=${format}&message=${message}`
  );
}

/** A message in a query, or what is wrong with it. */
export interface QueryMessage {
  readonly encoding: string | undefined;
  readonly compression: string | null;
  readonly version: string | undefined;
  /** Null: `message` is missing, or is not the base64 that it says to be. */
  readonly message: Uint8Array | null;
}

const known: ReadonlySet<string> = /*@__PURE__*/ new Set([
  "base64",
  "compression",
  "connect",
  "encoding",
  "message",
]);

/** Reads the query of a GET: parameters in any order, unknown ones passed over. */
export function readQuery(query: string): QueryMessage {
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = unescapeName(equals < 0 ? pair : pair.slice(0, equals));
    if (known.has(name) && !parameters.has(name))
      parameters.set(name, equals < 0 ? "" : pair.slice(equals + 1));
  }
  const text = unescape(parameters.get("message"));
  const base64 = parameters.get("base64") === "1";
  return {
    encoding: unescape(parameters.get("encoding")),
    compression: encodingNamed(unescape(parameters.get("compression"))),
    version: unescape(parameters.get("connect")),
    message: text === undefined ? null : base64 ? decodeBase64(text) : encodeUtf8(text),
  };
}

function unescape(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/**
 * The same of a name: bytes outside ASCII are in none that is known. Never by an exception, which takes microseconds: HPACK
 * repeats a query of two thousand malformed names in a byte.
 */
function unescapeName(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%[0-9a-f]{2}/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));
}
