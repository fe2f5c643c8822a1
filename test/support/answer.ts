// Answers, read as a peer that is not ours would read them.
import { envelopes } from "./bytes.ts";

/** What the wire's answer says. */
export interface Said {
  readonly code: string;
  readonly message: string;
  readonly messages: readonly Uint8Array[];
}

const codes = [
  "ok",
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/** A whole HTTP response as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Null: there were none. */
  readonly trailers: ReadonlyMap<string, string> | null;
}

/** Reads an answer as the caller's protocol has it. */
export function said(answer: Answer): Said {
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
  if (type.startsWith("application/grpc-web-text")) return saidInWebText(answer);
  if (type.startsWith("application/grpc-web")) return saidInWeb(answer, answer.body);
  if (type.startsWith("application/grpc")) return saidInGrpc(answer);
  if (type.startsWith("application/connect+")) return saidInStream(answer.body);
  if (answer.status === 200) return { code: "ok", message: "", messages: [answer.body] };
  if (type !== "application/json")
    throw new Error(`HTTP ${answer.status}, ${type}: ${answer.body.toString()}`);
  const { code, message } = JSON.parse(answer.body.toString()) as { code: string; message?: string };
  return { code, message: message ?? "", messages: [] };
}

function fromFields(fields: ReadonlyMap<string, string>, messages: readonly Uint8Array[]): Said {
  const status = fields.get("grpc-status");
  if (status === undefined) throw new Error("no grpc-status");
  return {
    code: codes[Number(status)] as string,
    message: decodeURIComponent(fields.get("grpc-message") ?? ""),
    messages,
  };
}

function saidInGrpc(answer: Answer): Said {
  const messages = envelopes(answer.body).map(({ payload }) => payload);
  return fromFields(answer.trailers ?? answer.headers, messages);
}

function saidInWeb(answer: Answer, body: Buffer): Said {
  if (body.length === 0) return fromFields(answer.headers, []);
  const parts = envelopes(body);
  const last = parts.pop();
  if (last?.flags !== 0x80) throw new Error("the last frame does not carry the trailers");
  const fields = new Map<string, string>();
  for (const line of last.payload.toString("latin1").split("\r\n")) {
    if (line === "") continue;
    fields.set(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  }
  return fromFields(
    fields,
    parts.map(({ payload }) => payload),
  );
}

function saidInWebText(answer: Answer): Said {
  return saidInWeb(answer, fromText(answer.body));
}

/** Pieces of base64, each with its padding. */
export function fromText(body: Buffer): Buffer {
  const pieces = body.toString("latin1").match(/[^=]+={0,2}/g) ?? [];
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

function saidInStream(body: Buffer): Said {
  const parts = envelopes(body);
  const last = parts.pop();
  if (last?.flags !== 2) throw new Error("the last frame does not end the stream");
  const { error } = JSON.parse(last.payload.toString()) as { error?: { code: string; message?: string } };
  return {
    code: error?.code ?? "ok",
    message: error?.message ?? "",
    messages: parts.map(({ payload }) => payload),
  };
}
