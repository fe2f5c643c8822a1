import { shortened } from "../shortened.ts";
import type { HttpRefusal, IncomingRequest, ServerProtocol, WireCall } from "./server-protocol.ts";

/** Finds the protocol that a request speaks, by its verb and content type. */
export function negotiate(
  protocols: readonly ServerProtocol[],
  request: IncomingRequest,
): WireCall | HttpRefusal {
  for (const protocol of protocols) {
    const accepted = protocol.accept(request);
    if (accepted !== null) return accepted;
  }
  const { method, head } = request;
  if (method === undefined)
    return { status: 404, fields: [], text: `there is no method ${shortened(head.path, 200)}` };
  const verbs = new Set(protocols.flatMap((protocol) => protocol.verbs(method)));
  if (!verbs.has(head.method)) {
    const allowed = [...verbs].toSorted().join(", ");
    const text = `${head.path} takes no ${shortened(head.method, 32)}: use ${allowed}`;
    return { status: 405, fields: ["allow", allowed], text };
  }
  return unsupportedType(
    request,
    protocols.flatMap((protocol) => protocol.mediaTypes(method)),
  );
}

/** The answer to a content type that a method is not called with. */
function unsupportedType({ head, mediaType }: IncomingRequest, types: readonly string[]): HttpRefusal {
  const list = types.join(", ");
  const what =
    mediaType === "" ? "a request without a content-type" : `content-type ${shortened(mediaType, 64)}`;
  return {
    status: 415,
    fields: ["accept-post", list],
    text: `${head.path} does not take ${what}: use ${list}`,
  };
}

/** Tells a bare HTTP answer from a call. */
export function isRefusal(answer: WireCall | HttpRefusal): answer is HttpRefusal {
  return "status" in answer;
}
