import type { Method } from "../../method.ts";
import type { GetForm } from "../../protocol/client-protocol.ts";
import type { EncodedMessage } from "../message-encoder.ts";
import type { MethodPlan } from "./method-plan.ts";
import type { TransportCore } from "./transport-core.ts";

/** A request as it will travel: in a query, or in a body. */
export type GetOrPost =
  | { readonly verb: "GET"; readonly query: string; readonly size: number }
  | { readonly verb: "POST"; readonly message: EncodedMessage };

/** How a transport calls a method by GET, as far as the URL's length allows; null if it does not. */
export function getFormFor(core: TransportCore, method: Method): GetForm | null {
  const { get } = core.protocol;
  return core.getUrlBytes > 0 && get !== null && get.allows(method) ? get : null;
}

/** A GET while the URL is short enough, by compressing if need be; else the POST. */
export function getOrPost(
  core: TransportCore,
  form: GetForm,
  { path, encoder }: MethodPlan,
  message: EncodedMessage,
): GetOrPost | Promise<GetOrPost> {
  const get = (payload: Uint8Array, compression: string | null): GetOrPost | null => {
    const query = form.query(core.format, payload, compression);
    const url = `${core.scheme}://${core.authority}${path}?`.length + query.length;
    return url > core.getUrlBytes ? null : { verb: "GET", query, size: payload.length };
  };
  const plain = get(message.chunk, null);
  if (plain !== null) return plain;
  const { send } = core;
  if (send === null) return { verb: "POST", message };
  const compressed = (bytes: Uint8Array): GetOrPost => {
    const packed = get(bytes, send.algorithm.name);
    if (packed !== null) return packed;
    const asPost =
      message.size < send.minBytes ? message : { chunk: bytes, size: bytes.length, compressed: true };
    return { verb: "POST", message: asPost };
  };
  const packing = encoder.pack(message.chunk, send);
  return packing instanceof Promise ? packing.then(compressed) : compressed(packing);
}
