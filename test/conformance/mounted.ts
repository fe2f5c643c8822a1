import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { createNodeHandler } from "@millrace/node";
import type { App } from "@millrace/node";
import { HTTPVersion } from "./gen/connectrpc/conformance/v1/config_pb.ts";
import type { ServerCompatRequest } from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";

/** A server under test that listens. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** The app inside a plain server of node:http or node:http2. */
export async function listenMounted(
  app: App,
  request: ServerCompatRequest,
  host: string,
): Promise<Listening> {
  const server = plainServer(request, createNodeHandler(app));
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

/** As long as the suite may let a connection rest: a client that sends on one that is just being closed sees its end. */
const keepAliveTimeout = 60_000;

function plainServer(
  request: ServerCompatRequest,
  handler: ReturnType<typeof createNodeHandler>,
): http.Server | http2.Http2Server | http2.Http2SecureServer {
  if (request.serverCreds === undefined) {
    return request.httpVersion === HTTPVersion.HTTP_VERSION_1
      ? http.createServer({ keepAliveTimeout }, handler)
      : http2.createServer(handler);
  }
  const withClientCert = request.clientTlsCert.byteLength > 0;
  const server = http2.createSecureServer(
    {
      key: Buffer.from(request.serverCreds.key),
      cert: Buffer.from(request.serverCreds.cert),
      allowHTTP1: true,
      requestCert: withClientCert,
      rejectUnauthorized: withClientCert,
      ...(withClientCert ? { ca: Buffer.from(request.clientTlsCert) } : {}),
    },
    handler,
  );
  // Where it speaks HTTP/1.1 it heeds this as node:http does; its options do not say so.
  return Object.assign(server, { keepAliveTimeout });
}
