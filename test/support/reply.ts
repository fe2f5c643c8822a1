// Responses by hand, whatever the version of HTTP.
import type { Socket } from "node:net";
import { data, headers } from "./frames.ts";

/** A response, whatever the version of HTTP. */
export interface Reply {
  readonly status?: number;
  readonly headers: readonly string[];
  readonly body?: Uint8Array | undefined;
  /** HTTP/2 only. */
  readonly trailers?: readonly string[] | undefined;
}

/** What a server does with a request: answers, or does what it likes with the connection. */
export type Act = Reply | ((socket: Socket, stream: number) => void);

/** A response on the wire of HTTP/1.1. */
export function http1Bytes({ status = 200, headers: fields, body }: Reply): Buffer {
  const lines = [`HTTP/1.1 ${status} Whatever`];
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  if (status >= 200 && status !== 204 && status !== 304) lines.push(`content-length: ${body?.length ?? 0}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? Buffer.alloc(0)]);
}

/** A response on the wire of HTTP/2. */
export function http2Bytes({ status = 200, headers: fields, body, trailers }: Reply, stream: number): Buffer {
  const alone = body === undefined && trailers === undefined;
  const parts = [headers(stream, alone, ":status", String(status), ...fields)];
  for (let at = 0; body !== undefined && (at === 0 || at < body.length); at += 16_000) {
    const last = at + 16_000 >= body.length && trailers === undefined;
    parts.push(data(stream, last, body.subarray(at, at + 16_000)));
  }
  if (trailers !== undefined) parts.push(headers(stream, true, ...trailers));
  return Buffer.concat(parts);
}

/** A response whose body comes in pieces: each in a frame, or a chunk, of its own, and a write of its own. */
export function inPieces(
  http: "1.1" | "2",
  { status = 200, headers: fields, trailers }: Reply,
  pieces: readonly Uint8Array[],
): Act {
  return (socket, stream) => {
    if (http === "2") {
      socket.write(headers(stream, false, ":status", String(status), ...fields));
      pieces.forEach((piece, n) =>
        socket.write(data(stream, trailers === undefined && n === pieces.length - 1, piece)),
      );
      if (trailers !== undefined) socket.write(headers(stream, true, ...trailers));
      return;
    }
    const lines = [`HTTP/1.1 ${status} Whatever`, "transfer-encoding: chunked"];
    for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    for (const piece of pieces) {
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      socket.write("\r\n");
    }
    socket.write("0\r\n\r\n");
  };
}
