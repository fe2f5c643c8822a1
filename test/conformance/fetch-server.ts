// The handler under test, served by Deno or Bun: one process for each protocol, HTTP version and kind of TLS.
import process from "node:process";
import { create } from "@bufbuild/protobuf";
import { createFetchHandler } from "@millrace/web";
import { conformanceService } from "./conformance-service.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import type { ServerCompatRequest } from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { frame, readMessages } from "./stdio.ts";

type Handler = (request: Request) => Promise<Response>;

/** The part of each runtime that is used. */
declare const Deno:
  | {
      serve(
        options: { hostname: string; port: number; cert?: string; key?: string; onListen(): void },
        handler: Handler,
      ): { readonly addr: { readonly port: number } };
    }
  | undefined;
declare const Bun: {
  serve(options: { hostname: string; port: number; idleTimeout: number; fetch: Handler; tls?: object }): {
    readonly port: number;
  };
};

const hostname = "127.0.0.1";

// The runner writes one message and keeps stdin open.
for await (const request of readMessages(ServerCompatRequestSchema, process.stdin)) {
  const handler = createFetchHandler({
    services: [conformanceService],
    // Compress whatever the client lets us: most of the suite's messages are small.
    compression: { send: ["gzip", "deflate"], minBytes: 0 },
    maxReceiveBytes: request.messageReceiveLimit > 0 ? request.messageReceiveLimit : undefined,
    onError: (error, call) => console.error(call.method.path, error),
  });
  const port = typeof Deno === "undefined" ? serveByBun(request, handler) : serveByDeno(request, handler);
  process.once("SIGTERM", () => process.exit());
  const answer = create(ServerCompatResponseSchema, {
    host: hostname,
    port,
    ...(request.serverCreds === undefined ? {} : { pemCert: request.serverCreds.cert }),
  });
  process.stdout.write(frame(ServerCompatResponseSchema, answer));
}

function serveByDeno({ serverCreds }: ServerCompatRequest, handler: Handler): number {
  const tls = serverCreds === undefined ? {} : { cert: text(serverCreds.cert), key: text(serverCreds.key) };
  return Deno!.serve({ hostname, port: 0, onListen() {}, ...tls }, handler).addr.port;
}

function serveByBun({ serverCreds, clientTlsCert }: ServerCompatRequest, handler: Handler): number {
  const options = { hostname, port: 0, idleTimeout: 0, fetch: handler };
  if (serverCreds === undefined) return Bun.serve(options).port;
  const client = clientTlsCert.byteLength === 0 ? {} : { ca: text(clientTlsCert), requestCert: true };
  const tls = { cert: text(serverCreds.cert), key: text(serverCreds.key), ...client };
  return Bun.serve({ ...options, tls }).port;
}

function text(pem: Uint8Array): string {
  return new TextDecoder().decode(pem);
}
