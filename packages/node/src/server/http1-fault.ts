import type { IncomingMessage } from "node:http";

import type { Fault } from "@millrace/exchange";

/** What became of an exchange whose connection is gone before its response was complete. */
export function connectionFault(req: IncomingMessage): Fault {
  const cause: NodeJS.ErrnoException | undefined = req.socket.errored ?? undefined;
  const code = cause?.code ?? "";
  const fault = { by: "transport", h2: -1, processed: "maybe", cause } as const;
  if (req.complete)
    return { ...fault, kind: "lost", text: "the connection was lost before the response was complete" };
  // The parser's errors; this one is the end of the connection in the middle of a body.
  if (code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE")
    return { ...fault, by: "peer", kind: "protocol", text: `malformed request body: ${cause?.message}` };
  return { ...fault, kind: "truncated", text: "the connection was lost in the middle of the request's body" };
}
