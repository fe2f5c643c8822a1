import { contextKey, RpcError } from "@millrace/node";
import type { HandlerCall, Observer } from "@millrace/node";
import type { BoolValue, Payload } from "../gen/interop/messages_pb.ts";
import { receivedSizes } from "./received-sizes.ts";

const key = contextKey<number[]>("sizes of requests on the wire");

/** Keeps, for `expectCompressed`, how many bytes each request of a call had on the wire. */
export const keepSizes: Observer = (call) => {
  const { sizes, observer } = receivedSizes();
  call.values.set(key, sizes);
  return observer(call);
};

/** Checks the next request of a call: refuses it if it came otherwise than it says of itself. */
export function checkCompressed(call: HandlerCall, { payload, expectCompressed }: Checked): void {
  const bytes = call.values.require(key).shift();
  if (bytes === undefined) throw new RpcError("internal", "a request came that no observer heard of");
  if (expectCompressed === undefined) return;
  const compressed = bytes < (payload?.body.byteLength ?? 0);
  if (compressed === expectCompressed.value) return;
  throw new RpcError(
    "invalid_argument",
    `the request has ${bytes} bytes on the wire: it is ${compressed ? "" : "not "}compressed`,
  );
}

interface Checked {
  readonly payload?: Payload | undefined;
  readonly expectCompressed?: BoolValue | undefined;
}
