import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";
import type { AnyMethod } from "../../method.ts";
import { membersOf } from "../../service.ts";
import type { ServiceLite } from "../../service.ts";
import type { CallOptions } from "../call-options.ts";
import { checkOptions } from "../known-options.ts";
import { clientOptions } from "../transport.ts";
import type { ClientOptions, Transport } from "../transport.ts";
import { bidiMember } from "./call-bidi.ts";
import { clientStreamMember } from "./call-client-stream.ts";
import { startServerStream } from "./call-server-stream.ts";
import { startUnary } from "./call-unary.ts";
import { settingsOf } from "./client-settings.ts";
import type { ClientSettings } from "./client-settings.ts";

/**
 * A client of a service: an object with a function for each method and nothing else. Throws TypeError for a bad option, or
 * for what is no service or no transport; its calls never throw.
 */
export function createClient<C extends object>(
  service: ServiceLite<C, unknown>,
  transport: Transport,
  options?: ClientOptions,
): C {
  const members = membersOf(service);
  checkOptions("createClient()", options, clientOptions);
  const settings = settingsOf(transport).extend(options);
  const client: Record<string, unknown> = {};
  for (const [localName, method] of Object.entries(members)) client[localName] = member(settings, method);
  return client as C;
}

function member(settings: ClientSettings, method: AnyMethod): unknown {
  switch (method.kind) {
    case "unary":
      return (request: Init<Message>, options?: CallOptions) =>
        startUnary(settings, method, request, options);
    case "server_streaming":
      return (request: Init<Message>, options?: CallOptions) =>
        startServerStream(settings, method, request, options);
    case "client_streaming":
      return clientStreamMember(settings, method);
    case "bidi_streaming":
      return bidiMember(settings, method);
  }
}
