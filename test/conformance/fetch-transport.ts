import { connect, createTransport, grpcWeb } from "@millrace/web";
import type { Fetch, Transport } from "@millrace/web";
import type { TransportOptions } from "@millrace/node";
import { Agent, fetch } from "undici";

/**
 * A transport over fetch that does what one of @millrace/node would with these options. Node's own fetch is undici's, which
 * takes certificates, and speaks HTTP/2, where it is imported.
 */
export function createFetchTransport(options: TransportOptions): Transport {
  const { tls, httpVersion, protocol, ...common } = options;
  const dispatcher = new Agent({
    allowH2: httpVersion === "2",
    connect: (tls as Agent.Options["connect"]) ?? {},
  });
  const send = ((url, init) => fetch(url, { ...init, dispatcher } as object)) as Fetch;
  const transport = createTransport({
    ...common,
    protocol: protocol === "grpc-web" ? grpcWeb : connect,
    fetch: send,
  });
  const close = async (): Promise<void> => {
    await transport.close();
    await dispatcher.destroy();
  };
  return { ...transport, close, [Symbol.asyncDispose]: close };
}
