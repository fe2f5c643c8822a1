import type { Message } from "@bufbuild/protobuf";
import type { Connector } from "@millrace/exchange";
import type { Compression, Host } from "../../host/host.ts";
import type { JsonOptions, Kind, Method } from "../../method.ts";
import type { ClientProtocol } from "../../protocol/client-protocol.ts";
import type { Format } from "../../protocol/format.ts";
import { ChunkWriter } from "../chunk-writer.ts";
import { acceptedCompressions, sendCompression } from "../compression-options.ts";
import { checkBytes, checkName } from "../check-option.ts";
import { MessageEncoder } from "../message-encoder.ts";
import type { SendCompression } from "../message-encoder.ts";
import { budgetFor } from "../memory-budget.ts";
import type { MemoryBudget } from "../memory-budget.ts";
import { Pace } from "../pace.ts";
import type { CommonTransportOptions } from "../transport.ts";
import type { MethodPlan } from "./method-plan.ts";

/** What a platform gives beside the user's options. */
export interface TransportParts {
  readonly host: Host;
  readonly connector: Connector;
  readonly protocol: ClientProtocol;
  readonly scheme: string;
  readonly authority: string;
  /** What stands before `/pkg.Service/Method`; empty or `/…` without a slash at its end. */
  readonly basePath: string;
  /** The `user-agent` of requests that do not set it. */
  readonly userAgent: string | undefined;
}

/** A transport's inside: everything that its calls share. */
export class TransportCore implements TransportParts {
  readonly host: Host;
  readonly connector: Connector;
  readonly protocol: ClientProtocol;
  readonly scheme: string;
  readonly authority: string;
  readonly basePath: string;
  readonly userAgent: string | undefined;
  readonly format: Format;
  readonly accept: readonly Compression[];
  readonly acceptEncodings: readonly string[];
  readonly send: SendCompression | null;
  readonly maxReceiveBytes: number;
  /** The longest URL of a GET; 0 if there are none. */
  readonly getUrlBytes: number;
  readonly halfDuplex: boolean;
  readonly budget: MemoryBudget;
  readonly pace: Pace;
  readonly #json: JsonOptions;
  readonly #maxSendBytes: number;
  readonly #writer = new ChunkWriter();
  /** A method's plan, of the method's own message types. */
  readonly #plans = new WeakMap<object, unknown>();

  constructor(parts: TransportParts, options: Omit<CommonTransportOptions, "protocol">) {
    this.host = parts.host;
    this.connector = parts.connector;
    this.protocol = parts.protocol;
    this.scheme = parts.scheme;
    this.authority = parts.authority;
    this.basePath = parts.basePath;
    this.userAgent = parts.userAgent;
    this.format = checkName("codec", options.codec, ["proto", "json"], "proto");
    this.accept = acceptedCompressions(parts.host, options.compression);
    this.acceptEncodings = this.accept.map((compression) => compression.name);
    this.send = sendCompression(parts.host, options.compression)[0] ?? null;
    this.maxReceiveBytes = checkBytes("maxReceiveBytes", options.maxReceiveBytes, 4 * 1024 * 1024);
    this.#maxSendBytes = checkBytes("maxSendBytes", options.maxSendBytes, Infinity);
    this.getUrlBytes = getUrlBytes(options.connectGet);
    this.halfDuplex = options.halfDuplex ?? false;
    this.budget = budgetFor(this.maxReceiveBytes);
    this.pace = new Pace(parts.host);
    this.#json = options.json ?? {};
  }

  plan<I extends Message, O extends Message>(method: Method<Kind, I, O>): MethodPlan<I, O> {
    const known = this.#plans.get(method) as MethodPlan<I, O> | undefined;
    if (known !== undefined) return known;
    const plan = this.#makePlan(method);
    this.#plans.set(method, plan);
    return plan;
  }

  #makePlan<I extends Message, O extends Message>(method: Method<Kind, I, O>): MethodPlan<I, O> {
    const codecs = this.format === "json" ? method["~json"]?.(this.#json) : method;
    const { input, output } = codecs ?? method;
    return {
      method,
      input,
      output,
      encoder: new MessageEncoder(
        input,
        this.protocol.framing(method),
        false,
        this.#maxSendBytes,
        this.#writer,
        "client",
      ),
      path: this.basePath + method.path,
      failure:
        codecs === undefined
          ? `${method.service}.${method.name} has no JSON codec here: take the method, or the service, that carries its descriptor (the one without Lite at the end of its name), or set codec: "proto"`
          : undefined,
    };
  }
}

function getUrlBytes(option: CommonTransportOptions["connectGet"]): number {
  if (option === undefined || option === false) return 0;
  return option === true ? 8192 : checkBytes("connectGet.maxUrlBytes", option.maxUrlBytes, 8192);
}
