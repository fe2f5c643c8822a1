import { firstField } from "@millrace/exchange";
import type { Accept, ServerExchange, Sink } from "@millrace/exchange";
import { RpcError } from "../../error.ts";
import type { Host } from "../../host/host.ts";
import { mediaType } from "../../protocol/fields.ts";
import { isRefusal, negotiate } from "../../protocol/negotiate.ts";
import { protocolNames } from "../../protocol/protocol-name.ts";
import type { ServerProtocol, WireCall } from "../../protocol/server-protocol.ts";
import { shortened } from "../../shortened.ts";
import type { App } from "../app.ts";
import { pathPrefix } from "../path-prefix.ts";
import { checkInterceptors, checkName } from "../check-option.ts";
import type { Implementation, ImplementationParts } from "../implementation.ts";
import { onWire } from "../message-encoder.ts";
import { AppCore } from "./app-core.ts";
import { Endpoint } from "./endpoint.ts";
import { answerBare } from "./outgoing-response.ts";
import { ServerCall } from "./server-call.ts";

/**
 * An App as what a carriage calls with each request, in those of `protocols` that the App does not leave out. Throws
 * TypeError for a bad option, or a service that is there twice.
 */
export function createAccept(host: Host, protocols: readonly ServerProtocol[], app: App): Accept {
  checkServices(app.services);
  checkInterceptors(app.interceptors);
  const core = new AppCore(host, app);
  const served = servedProtocols(protocols, app);
  const prefix = pathPrefix(app);
  const endpoints = new Map<string, Endpoint>();
  const services = new Set<string>();
  for (const implementation of app.services) {
    const { service, "~implementation": given } = checkImplementation(implementation);
    if (services.has(service.typeName)) {
      throw new TypeError(
        `service ${service.typeName} is in the App twice: remove one of its implementations`,
      );
    }
    services.add(service.typeName);
    const { handlers, options } = given as ImplementationParts;
    for (const [localName, method] of Object.entries(service["~members"])) {
      const endpoint = new Endpoint(
        core,
        method,
        handlers[localName]?.bind(handlers),
        [app.gate, options.gate].filter((gate) => gate !== undefined),
        [...(app.interceptors ?? []), ...(options.interceptors ?? [])],
        [...(app.observers ?? []), ...(options.observers ?? [])],
      );
      endpoints.set(prefix + method.path, endpoint);
    }
  }

  return (exchange) => {
    const { path } = exchange.head;
    const endpoint = endpoints.get(path);
    if (endpoint === undefined && !services.has(serviceOf(path, prefix))) return null;
    const wire = negotiate(served, {
      head: exchange.head,
      caps: exchange.caps,
      mediaType: mediaType(firstField(exchange.head.fields, "content-type")),
      method: endpoint?.method,
      requireConnectProtocolHeader: app.requireConnectProtocolHeader ?? false,
    });
    if (isRefusal(wire)) {
      answerBare(exchange, wire);
      return unheard;
    }
    return endpoint === undefined
      ? refuse(
          exchange,
          wire,
          new RpcError("unimplemented", `there is no method ${shortened(path, 200)}`),
          [],
        )
      : serve(core, endpoint, exchange, wire);
  };
}

function servedProtocols(protocols: readonly ServerProtocol[], app: App): readonly ServerProtocol[] {
  if (app.protocols === undefined) return protocols;
  for (const name of app.protocols) checkName("protocols", name, protocolNames, "connect");
  const served = protocols.filter(({ name }) => app.protocols?.includes(name));
  if (served.length > 0) return served;
  const known = protocols.map(({ name }) => JSON.stringify(name)).join(", ");
  throw new TypeError(
    `protocols is ${JSON.stringify(app.protocols)}: with none of ${known} in it, nothing is served`,
  );
}

function serve(core: AppCore, endpoint: Endpoint, exchange: ServerExchange, wire: WireCall): Sink {
  if (wire.refusal !== null) return refuse(exchange, wire, wire.refusal, []);
  const compression = wire.encoding === null ? null : core.accept.find(({ name }) => name === wire.encoding);
  if (compression === undefined) {
    const known = core.accept.map(({ name }) => name).join(",");
    const text = `compression ${JSON.stringify(shortened(wire.encoding!, 32))} is not supported: use ${known || "none"}`;
    return refuse(exchange, wire, new RpcError("unimplemented", text), [wire.acceptEncodingName, known]);
  }
  const codecs = endpoint.codecs(wire.format);
  if (codecs === undefined) {
    const text = `${endpoint.method.service} is served without JSON here: implement the service that carries its descriptor`;
    return refuse(exchange, wire, new RpcError("unimplemented", text), []);
  }
  const call = new ServerCall(exchange, endpoint, wire, codecs, compression);
  call.start();
  return call;
}

function refuse(exchange: ServerExchange, wire: WireCall, error: RpcError, headers: readonly string[]): Sink {
  const { status, fields, body, trailers } = wire.fail(error, headers, []);
  exchange.reply(status, fields, body === null ? null : onWire(body, wire.text), trailers);
  return unheard;
}

function serviceOf(path: string, prefix: string): string {
  const start = prefix.length + 1;
  const end = path.startsWith(`${prefix}/`) ? path.indexOf("/", start) : -1;
  return end < 0 ? "" : path.slice(start, end);
}

/** Code without types may leave them out, or give one without a list. */
function checkServices(services: unknown): void {
  if (Array.isArray(services)) return;
  const what = services === undefined ? "has no services" : "has services that are no array";
  throw new TypeError(`the App ${what}: give { services: [implement(service, handlers)] }`);
}

/** Code without types may hand over the service itself, or something else. */
function checkImplementation(value: Partial<Implementation>): Implementation {
  const { service, "~implementation": given } = value;
  if (service !== undefined && given !== undefined) return { service, "~implementation": given };
  throw new TypeError("a service of the App has no handlers: give what implement(service, handlers) made");
}

/** Takes the events of an exchange that was answered on its head alone. */
const unheard: Sink = {
  data() {},
  end() {},
  fault() {},
  writable() {},
  closed() {},
};
