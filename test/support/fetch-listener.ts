import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/**
 * A function from Request to Response as a listener of node:http and node:http2 servers, as a runtime that serves by fetch
 * has one inside: the body flows at the reader's pace, both ways at once, and a client that goes away aborts the signal.
 */
export function fetchListener(
  handler: (request: Request) => Promise<Response>,
): (incoming: Incoming, outgoing: Outgoing) => void {
  return (incoming, outgoing) => void answer(handler, incoming, outgoing);
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  incoming: Incoming,
  outgoing: Outgoing,
): Promise<void> {
  const abort = new AbortController();
  const gone = "the connection is gone";
  // Errors tell nothing that the close behind them does not.
  incoming.on("error", () => {});
  outgoing.on("error", () => {});
  // node:http2 says of a response that was reset that it has finished.
  let ended = false;
  outgoing.on("close", () => {
    if (!ended || !outgoing.writableFinished) abort.abort(gone);
  });
  const response = await handler(toRequest(incoming, abort.signal));
  if (outgoing.destroyed) return;
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  if (response.body === null) {
    ended = true;
    outgoing.end();
    return;
  }
  // What is there at once leaves with the head. (node:http2 has this too, though its types do not.)
  setImmediate(() => (outgoing as ServerResponse).flushHeaders());
  const reader = response.body.getReader();
  outgoing.on("close", () => void reader.cancel(gone).catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const room = (outgoing as ServerResponse).write(value);
      if (!room) await new Promise<void>((resolve) => outgoing.once("drain", resolve));
    }
    ended = true;
    outgoing.end();
  } catch {
    if ("stream" in outgoing) outgoing.stream.destroy(new Error("the response broke off"));
    else outgoing.destroy();
  }
}

function toRequest(incoming: Incoming, signal: AbortSignal): Request {
  const { method = "GET", url = "/", rawHeaders, headers } = incoming;
  const fields = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]!, rawHeaders[i + 1]!];
    if (!name.startsWith(":")) fields.append(name, value);
  }
  const scheme = "encrypted" in incoming.socket ? "https" : "http";
  const authority = headers[":authority"] ?? headers.host ?? "localhost";
  const body = method === "GET" || method === "HEAD" ? null : bodyOf(incoming);
  return new Request(`${scheme}://${String(authority)}${url}`, {
    method,
    headers: fields,
    body,
    duplex: "half",
    signal,
  });
}

/** Not Readable.toWeb(), which throws where nobody can catch it when its stream is canceled. */
function bodyOf(incoming: Incoming): ReadableStream<Uint8Array> {
  const chunks = (incoming as IncomingMessage).iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value as Uint8Array);
      },
      async cancel() {
        await chunks.return?.();
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}
