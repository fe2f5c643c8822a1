import type { Message } from "@bufbuild/protobuf";
import type { AnyMethod, Codec } from "../../method.ts";
import type { Format } from "../../protocol/format.ts";
import type { Framing } from "../../protocol/framing.ts";
import type { Gate } from "../gate.ts";
import type { Handler } from "../implementation.ts";
import type { Interceptor } from "../interceptor.ts";
import { MessageEncoder } from "../message-encoder.ts";
import type { Observer } from "../observer.ts";
import type { AppCore } from "./app-core.ts";
import { callHandler } from "./call-handler.ts";
import type { RunHandler } from "./call-handler.ts";
import { interceptHandler } from "./intercept-handler.ts";

/** The codecs of a method in one format. */
export interface EndpointCodecs {
  readonly input: Codec<Message>;
  readonly output: Codec<Message>;
}

/** A method as it is served. */
export class Endpoint {
  readonly app: AppCore;
  readonly method: AnyMethod;
  readonly gates: readonly Gate[];
  readonly observers: readonly Observer[];
  /** The handler behind its interceptors; undefined if it is left out. */
  readonly run: RunHandler | undefined;
  #json: EndpointCodecs | undefined;
  readonly #encoders = new Map<string, MessageEncoder<Message>>();

  constructor(
    app: AppCore,
    method: AnyMethod,
    handler: Handler | undefined,
    gates: readonly Gate[],
    interceptors: readonly Interceptor[],
    observers: readonly Observer[],
  ) {
    this.app = app;
    this.method = method;
    this.gates = gates;
    this.observers = observers;
    this.run =
      handler === undefined
        ? undefined
        : interceptors.length === 0
          ? (request, context) => callHandler(handler, request, context)
          : interceptHandler(method.kind, method.output, handler, interceptors);
  }

  /** Undefined: the method was given without JSON. */
  codecs(format: Format): EndpointCodecs | undefined {
    return format === "proto" ? this.method : (this.#json ??= this.method["~json"]?.(this.app.json));
  }

  encoder(codecs: EndpointCodecs, framing: Framing, text: boolean): MessageEncoder<Message> {
    const key = `${codecs.output.format} ${framing} ${String(text)}`;
    let encoder = this.#encoders.get(key);
    if (encoder === undefined) {
      encoder = new MessageEncoder(
        codecs.output,
        framing,
        text,
        this.app.maxSendBytes,
        this.app.writer,
        "server",
      );
      this.#encoders.set(key, encoder);
    }
    return encoder;
  }
}
