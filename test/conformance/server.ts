// The server under test: one process for each protocol, HTTP version and kind of TLS.
import { create } from "@bufbuild/protobuf";
import { serve } from "@millrace/node";
import type { App, ServeOptions } from "@millrace/node";
import { conformanceService } from "./conformance-service.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import type { ServerCompatRequest } from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { listenMounted } from "./mounted.ts";
import type { Listening } from "./mounted.ts";
import { frame, readMessages } from "./stdio.ts";

const host = "127.0.0.1";
const mounted = process.argv.includes("--mounted");

// The runner writes one message and keeps stdin open.
for await (const request of readMessages(ServerCompatRequestSchema, process.stdin)) {
  const app: App = {
    services: [conformanceService],
    // Compress whatever the client lets us: most of the suite's messages are small.
    compression: { send: ["gzip", "br", "zstd", "deflate"], minBytes: 0 },
    maxReceiveBytes: request.messageReceiveLimit > 0 ? request.messageReceiveLimit : undefined,
    onError: (error, call) => console.error(call.method.path, error),
  };
  const server = mounted ? await listenMounted(app, request, host) : await listen(app, request);
  process.once("SIGTERM", () => void server.close().finally(() => process.exit()));
  const answer = create(ServerCompatResponseSchema, {
    host,
    port: server.port,
    ...(request.serverCreds === undefined ? {} : { pemCert: request.serverCreds.cert }),
  });
  process.stdout.write(frame(ServerCompatResponseSchema, answer));
}

async function listen(app: App, request: ServerCompatRequest): Promise<Listening> {
  const server = await serve({ ...app, host, port: 0, tls: tlsOf(request) });
  return { port: Number(new URL(server.url).port), close: () => server.close({ graceMs: 1000 }) };
}

function tlsOf({ serverCreds, clientTlsCert }: ServerCompatRequest): ServeOptions["tls"] {
  if (serverCreds === undefined) return undefined;
  const tls = { key: Buffer.from(serverCreds.key), cert: Buffer.from(serverCreds.cert) };
  return clientTlsCert.byteLength === 0 ? tls : { ...tls, ca: Buffer.from(clientTlsCert), requestCert: true };
}
