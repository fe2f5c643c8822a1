import type { Message } from "@bufbuild/protobuf";
import type { WireCodec } from "./wire-codec.ts";

/** Shared by all messages that have no bytes in a field. */
export const noBytes: Uint8Array = /*@__PURE__*/ new Uint8Array(0);

/** Throws if a message to be written is of another type; `field` is the first one of the type. */
export function expectType(message: { readonly $typeName?: unknown }, typeName: string, field: string): void {
  // So short that it is inlined wherever it is called.
  if (message.$typeName !== typeName) throwForeign(message, typeName, field);
}

function throwForeign(message: { readonly $typeName?: unknown }, typeName: string, field: string): never {
  const name = `${typeName}.${field}`;
  const error = new Error(`cannot use field ${name} with message ${String(message.$typeName)}`);
  error.name = "ForeignFieldError";
  throw error;
}

/** Why a message cannot be written that lacks a required field. */
export function requiredField(message: { readonly $typeName: string }, field: string): Error {
  return new Error(`cannot encode field ${message.$typeName}.${field} to binary: required field not set`);
}

/** A wrapper message (`google.protobuf.Int32Value`) of the value that stands for it in memory. */
export function wrapped<T extends Message>(codec: WireCodec<T>, value: unknown): T {
  const message = codec.empty() as T & { value: unknown };
  if (value !== undefined) message.value = value;
  return message;
}
