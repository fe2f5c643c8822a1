import type { Transport, TransportOptions } from "@millrace/node";
import { codecName, compressionName, httpVersionName, protocolName } from "./convert.ts";
import type { ClientCompatRequest } from "./gen/connectrpc/conformance/v1/client_compat_pb.ts";
import { StreamType } from "./gen/connectrpc/conformance/v1/config_pb.ts";

/** The transports of a run: test cases that agree on everything share one, and with it its connections. */
export class Transports {
  readonly #open = new Map<string, Transport>();
  readonly #create: (options: TransportOptions) => Transport;

  constructor(create: (options: TransportOptions) => Transport) {
    this.#create = create;
  }

  get(request: ClientCompatRequest): Transport {
    const options = transportOptions(request);
    const key = JSON.stringify(options);
    let transport = this.#open.get(key);
    if (transport === undefined) {
      transport = this.#create(options);
      this.#open.set(key, transport);
    }
    return transport;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#open.values(), (transport) => transport.close()));
  }
}

function transportOptions(request: ClientCompatRequest): TransportOptions {
  const secure = request.serverTlsCert.byteLength > 0;
  return {
    baseUrl: `${secure ? "https" : "http"}://${request.host}:${request.port}`,
    protocol: protocolName(request.protocol),
    codec: codecName(request.codec),
    httpVersion: httpVersionName(request.httpVersion),
    compression: { send: compressionName(request.compression), minBytes: 0 },
    maxReceiveBytes: request.messageReceiveLimit > 0 ? request.messageReceiveLimit : undefined,
    connectGet: request.useGetHttpMethod,
    halfDuplex: request.streamType === StreamType.HALF_DUPLEX_BIDI_STREAM,
    tls: secure ? tlsOf(request) : undefined,
  };
}

function tlsOf({ serverTlsCert, clientTlsCreds }: ClientCompatRequest): NonNullable<TransportOptions["tls"]> {
  const ca = text(serverTlsCert);
  if (clientTlsCreds === undefined) return { ca };
  return { ca, cert: text(clientTlsCreds.cert), key: text(clientTlsCreds.key) };
}

function text(pem: Uint8Array): string {
  return Buffer.from(pem).toString("latin1");
}
