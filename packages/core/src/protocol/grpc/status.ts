import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { decodeBase64, encodeBase64 } from "../../base64.ts";
import { codeFromNumber, codeToNumber } from "../../code.ts";
import { remoteError, RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Outcome } from "../client-protocol.ts";
import { percentDecode, percentEncode } from "./percent.ts";
import { decodeStatus, encodeStatus } from "./status-proto.ts";

/** gRPC "Trailers": the status of a call as fields, before the user's trailers. */
export function statusFields(error: RpcError | null, trailers: Fields): string[] {
  if (error === null) return ["grpc-status", "0", ...trailers];
  const fields = ["grpc-status", String(codeToNumber(error.code))];
  if (error.message !== "") fields.push("grpc-message", percentEncode(error.message));
  if (error.details.length > 0) {
    const status = { code: codeToNumber(error.code), message: error.message, details: error.details };
    fields.push("grpc-status-details-bin", encodeBase64(encodeStatus(status)));
  }
  fields.push(...trailers);
  return fields;
}

/**
 * Reads the status out of trailers. Undefined if they carry none. `headers` become part of an error's metadata.
 */
export function readStatus(trailers: Fields, headers: Fields): Outcome | undefined {
  const text = firstField(trailers, "grpc-status");
  if (text === undefined) return undefined;
  const own = FieldMetadata.received(trailers);
  const code = /^\d{1,10}$/.test(text) ? codeFromNumber(Number(text)) : undefined;
  if (code === "ok") return { error: null, trailers: own.fields };
  const metadata = FieldMetadata.received(headers).add(own);
  let message = percentDecode(firstField(trailers, "grpc-message") ?? "");
  if (code === undefined) {
    const said = message === "" ? "" : `: ${message}`;
    const error = new RpcError(
      "unknown",
      `grpc-status ${JSON.stringify(text.slice(0, 32))} is no code${said}`,
      { metadata },
    );
    return { error, trailers: own.fields };
  }
  const packed = firstField(trailers, "grpc-status-details-bin");
  const bytes = packed === undefined ? null : decodeBase64(packed);
  const status = bytes === null ? null : decodeStatus(bytes);
  // The packed status is what the server's code wrote; intermediaries touch the plain fields only.
  const agrees = status !== null && codeFromNumber(status.code) === code;
  if (agrees && status.message !== "") message = status.message;
  const details = agrees ? status.details : [];
  return { error: remoteError(code, message, { details, metadata }), trailers: own.fields };
}
