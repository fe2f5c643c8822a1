import assert from "node:assert/strict";
import { createClient, InvalidMetadata, RpcError } from "@millrace/core";
import type { CallEnd, Metadata, Protocol, Transport } from "@millrace/core";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";

/** A call that an input asks for: `watch grpc json`. */
export interface Asked {
  readonly method: "greet" | "watch" | "collect" | "chat";
  readonly protocol: Protocol;
  readonly codec: "proto" | "json";
}

/** Any words ask for something. */
export function asked([method, protocol, codec]: readonly string[]): Asked {
  return {
    method: (["greet", "watch", "collect", "chat"] as const).find((name) => name === method) ?? "greet",
    protocol: (["connect", "grpc", "grpc-web"] as const).find((name) => name === protocol) ?? "connect",
    codec: codec === "json" ? "json" : "proto",
  };
}

/** What a client made of a response. */
export interface Received {
  readonly messages: readonly string[];
  /** Headers and trailers, or those of the error. */
  readonly metadata: readonly string[];
  readonly error: RpcError | null;
}

/** Makes the call, then closes the transport. Throws if the call does anything but end once, well or with a coded error. */
export async function makeCall({ method }: Asked, transport: Transport): Promise<Received> {
  const ends: CallEnd[] = [];
  let begun = 0;
  const client = createClient(GreetService, transport, {
    observers: [
      () => {
        begun++;
        return { end: (end) => void ends.push(end) };
      },
    ],
  });
  const messages: string[] = [];
  const metadata: string[] = [];
  let error: RpcError | null = null;
  try {
    await calls[method](
      client,
      (text) => void messages.push(text),
      (one) => void metadata.push(...listed(one)),
    );
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    error = thrown;
    metadata.push(...listed(thrown.metadata));
  }
  await transport.close();
  assert.deepEqual([ends.length, begun], [1, 1], "a call ends once");
  assert.equal(ends[0]!.error?.code, error?.code);
  return { messages, metadata, error };
}

type Call = (
  client: GreetServiceClient,
  message: (text: string) => void,
  metadata: (metadata: Metadata) => void,
) => Promise<void>;

const calls: Readonly<Record<Asked["method"], Call>> = {
  async greet(client, message, metadata) {
    const { response, headers, trailers } = await client.greet({ name: "Ada" }).withMetadata();
    message(response.greeting);
    metadata(headers);
    metadata(trailers);
  },
  async watch(client, message, metadata) {
    const call = client.watch({});
    for await (const { greeting } of call) message(greeting);
    metadata(await call.headers);
    metadata(await call.trailers);
  },
  async collect(client, message, metadata) {
    const call = client.collect();
    await call.send({ name: "Ada" });
    const { response, headers, trailers } = await call.finish().withMetadata();
    message(String(response.count));
    metadata(headers);
    metadata(trailers);
  },
  async chat(client, message, metadata) {
    const call = client.chat();
    await call.send({ name: "Ada" });
    call.closeSend();
    for await (const { greeting } of call) message(greeting);
    metadata(await call.headers);
    metadata(await call.trailers);
  },
};

/** Metadata as text; a `-bin` value that is none is its reader's error. */
function listed(metadata: Metadata): string[] {
  try {
    return [...metadata].map(([name, value]) => `${name}: ${Buffer.from(value).toString("latin1")}`);
  } catch (error) {
    if (!(error instanceof InvalidMetadata)) throw error;
    return ["not base64"];
  }
}
