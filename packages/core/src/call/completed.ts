import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../init.ts";
import type { Codec } from "../method.ts";
import { cannot } from "./unwritable.ts";

/** A complete message of what a user gave. Throws RpcError `internal`. */
export function completed<T extends Message>(codec: Codec<T>, init: Init<T>): T {
  try {
    return codec.create(init);
  } catch (cause) {
    throw cannot(`encode ${codec.typeName}`, cause);
  }
}
