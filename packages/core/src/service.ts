import type { DescService } from "@bufbuild/protobuf";
import type { AnyMethod } from "./method.ts";

/**
 * A service without its descriptor: methods and binary codecs. JSON needs the full {@link Service}. Client and handler
 * types ride along as a phantom.
 */
export interface ServiceLite<Client, Handlers> {
  /** Fully qualified: `greet.v1.GreetService`. */
  readonly typeName: string;
  /** In the order of the .proto file. */
  readonly methods: readonly AnyMethod[];
  /** The same methods by the name that clients and handlers have for them. */
  readonly "~members": { readonly [localName: string]: AnyMethod };
  readonly "~types": { readonly client: Client; readonly handlers: Handlers } | undefined;
}

/** A service with its descriptor: JSON and reflection work on it. */
export interface Service<Client, Handlers> extends ServiceLite<Client, Handlers> {
  readonly descriptor: DescService;
}

/** Makes a service of its methods, keyed by local name. Generated code calls it. */
export function serviceLite<Client, Handlers>(
  typeName: string,
  members: { readonly [localName: string]: AnyMethod },
): ServiceLite<Client, Handlers> {
  return {
    typeName,
    methods: Object.values(members),
    "~members": members,
    "~types": undefined,
  };
}

/** A service's methods by local name. Code without types may give its descriptor: throws TypeError for what is no service. */
export function membersOf(service: Partial<ServiceLite<unknown, unknown>> | undefined): {
  readonly [localName: string]: AnyMethod;
} {
  const members = service?.["~members"];
  if (members !== undefined) return members;
  throw new TypeError(
    "not a service: take the one that protoc-gen-millrace generated, or fromDescriptor(descriptor)",
  );
}
