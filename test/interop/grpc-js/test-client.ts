import { Client, compressionAlgorithms, credentials, Metadata } from "@grpc/grpc-js";
import type {
  CallOptions,
  ClientDuplexStream,
  ClientReadableStream,
  ClientWritableStream,
  ServiceError,
  StatusObject,
} from "@grpc/grpc-js";
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ClientFlags } from "../flags.ts";
import { methodDefinition } from "./method-definition.ts";

type Method<I extends DescMessage, O extends DescMessage> = DescMethod & {
  readonly input: I;
  readonly output: O;
};

export interface UnaryReply<T> {
  readonly response: T;
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

/** grpc-js's client with the four kinds of call, as its generated stubs have them: promises where there is one response. */
export class TestClient {
  readonly #client: Client;

  constructor({ address, tls, compression }: ClientFlags) {
    this.#client = new Client(
      address,
      tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca),
      {
        ...(tls && { "grpc.ssl_target_name_override": tls.serverName }),
        ...(compression !== undefined && {
          "grpc.default_compression_algorithm":
            compressionAlgorithms[compression as keyof typeof compressionAlgorithms],
        }),
      },
    );
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
    metadata: Metadata = new Metadata(),
  ): Promise<UnaryReply<MessageShape<O>>> {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    return new Promise((resolve, reject) => {
      let headers = new Metadata();
      let response: MessageShape<O> | undefined;
      let failure: ServiceError | null = null;
      this.#client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, value) => {
          failure = error;
          response = value;
        })
        .on("metadata", (received) => {
          headers = received;
        })
        .on("status", ({ metadata: trailers }) => {
          if (failure === null) resolve({ response: response!, headers, trailers });
          else reject(failure);
        });
    });
  }

  /** A call with the promise of its one response. */
  clientStream<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    metadata: Metadata = new Metadata(),
  ): {
    readonly call: ClientWritableStream<MessageInitShape<I>>;
    readonly response: Promise<MessageShape<O>>;
  } {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    const { promise, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
    const call = this.#client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      (error, value) => (error === null ? resolve(value!) : reject(error)),
    );
    return { call, response: promise };
  }

  serverStream<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
  ): ClientReadableStream<MessageShape<O>> {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    metadata: Metadata = new Metadata(),
    options: CallOptions = {},
  ): ClientDuplexStream<MessageInitShape<I>, MessageShape<O>> {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
  }

  close(): void {
    this.#client.close();
  }
}

/** How a streaming call ended. */
export function statusOf(call: ClientReadableStream<unknown>): Promise<StatusObject> {
  return new Promise((resolve) => call.on("status", resolve));
}
