import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { isRpcError } from "../error.ts";
import type { ErrorDetail } from "../error-detail.ts";

/** A typed detail, to put into an RpcError. */
export function errorDetail<D extends DescMessage>(schema: D, init: MessageInitShape<D>): ErrorDetail {
  return { type: schema.typeName, value: toBinary(schema, create(schema, init)) };
}

/**
 * The details of one type in an error, in order. Whatever is no RpcError has none; a detail that is not such a message in
 * spite of its type is passed over.
 */
export function findDetails<D extends DescMessage>(error: unknown, schema: D): MessageShape<D>[] {
  const found: MessageShape<D>[] = [];
  if (!isRpcError(error)) return found;
  for (const { type, value } of error.details) {
    if (type !== schema.typeName) continue;
    try {
      found.push(fromBinary(schema, value));
    } catch {
      // Not such a message: the next one may be.
    }
  }
  return found;
}
