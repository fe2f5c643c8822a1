import { membersOf } from "../service.ts";
import type { ServiceLite } from "../service.ts";
import type { Gate } from "./gate.ts";
import { checkInterceptors } from "./check-option.ts";
import type { HandlerCall } from "./handler-call.ts";
import type { Interceptor } from "./interceptor.ts";
import { checkOptions } from "./known-options.ts";
import type { OptionNames } from "./known-options.ts";
import type { Observer } from "./observer.ts";

/** For one service or for an App; the App's are outermost. */
export interface ServiceOptions {
  /** Lets a call in, or refuses it, before a byte of its body is read. Default: every call is let in. */
  gate?: Gate | undefined;
  /** Around the handlers; the first is the outermost. Default: none. */
  interceptors?: readonly Interceptor[] | undefined;
  /** Hear of every call, in this order. Default: none. */
  observers?: readonly Observer[] | undefined;
}

export const serviceOptions: OptionNames<ServiceOptions> = {
  gate: true,
  interceptors: true,
  observers: true,
};

/** A service with its handlers, to put into an App. Opaque. */
export interface Implementation {
  readonly service: ServiceLite<unknown, unknown>;
  readonly "~implementation": unknown;
}

/** What an {@link Implementation} holds. */
export interface ImplementationParts {
  /** By local name; `this` of every handler. */
  readonly handlers: { readonly [localName: string]: Handler | undefined };
  readonly options: ServiceOptions;
}

/** Any handler: a request message or a stream of them in; a message, a promise of one, or a sequence out. */
export type Handler = (request: unknown, call: HandlerCall) => unknown;

/**
 * Joins a service and its handlers. Every method is required; called with `handlers` as `this`, so that an instance of a
 * class works. Throws TypeError if a handler is missing or none, and for what is no service.
 */
export function implement<H extends object>(
  service: ServiceLite<unknown, H>,
  handlers: NoInfer<H>,
  options: ServiceOptions = {},
): Implementation {
  return join(service, handlers, options, true);
}

/** As {@link implement}, but what is left out answers `unimplemented`: for tests and growing services. */
export function implementPartial<H extends object>(
  service: ServiceLite<unknown, H>,
  handlers: Partial<NoInfer<H>>,
  options: ServiceOptions = {},
): Implementation {
  return join(service, handlers, options, false);
}

function join(
  service: ServiceLite<unknown, unknown>,
  given: object,
  options: ServiceOptions,
  complete: boolean,
): Implementation {
  const localNames = Object.keys(membersOf(service));
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `the handlers of ${service.typeName} are missing: give an object with ${localNames.join(", ")}`,
    );
  }
  checkOptions(`the service ${service.typeName}`, options, serviceOptions);
  checkInterceptors(options.interceptors);
  const handlers = given as ImplementationParts["handlers"];
  for (const localName of localNames) {
    const handler: unknown = handlers[localName];
    if (typeof handler === "function" || (handler === undefined && !complete)) continue;
    const what = handler === undefined ? "is missing" : `is ${typeof handler}, not a function`;
    const fix = complete && handler === undefined ? ": write it, or use implementPartial()" : "";
    throw new TypeError(`handler "${localName}" of ${service.typeName} ${what}${fix}`);
  }
  const parts: ImplementationParts = { handlers, options };
  return { service, "~implementation": parts };
}
