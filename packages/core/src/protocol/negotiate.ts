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
  if (method === undefined) return { status: 404, fields: [] };
  if (head.method !== "POST" && !(head.method === "GET" && allowsGet(protocols, request))) {
    return { status: 405, fields: ["allow", allowsGet(protocols, request) ? "GET, POST" : "POST"] };
  }
  const types = protocols.flatMap((protocol) => protocol.mediaTypes(method));
  return { status: 415, fields: ["accept-post", types.join(", ")] };
}

function allowsGet(protocols: readonly ServerProtocol[], request: IncomingRequest): boolean {
  return (
    request.method?.kind === "unary" &&
    request.method.idempotency === "no_side_effects" &&
    protocols.some((protocol) => protocol.name === "connect")
  );
}

/** Tells a bare HTTP answer from a call. */
export function isRefusal(answer: WireCall | HttpRefusal): answer is HttpRefusal {
  return "status" in answer;
}
