import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { AnyMethod, JsonCodecs } from "../method.ts";
import type { Service, ServiceLite } from "../service.ts";
import { jsonCodec } from "./json-codec.ts";

/** The same service with its descriptor and JSON codecs. Generated code calls it. */
export function withDescriptor<Client, Handlers>(
  lite: ServiceLite<Client, Handlers>,
  descriptor: DescService,
): Service<Client, Handlers> {
  const byName = new Map(descriptor.methods.map((method) => [method.name, method]));
  const members: Record<string, AnyMethod> = {};
  for (const [localName, method] of Object.entries(lite["~members"])) {
    members[localName] = { ...method, "~json": jsonCodecs(byName.get(method.name)!) };
  }
  return {
    typeName: lite.typeName,
    methods: Object.values(members),
    descriptor,
    "~members": members,
    "~types": undefined,
  };
}

function jsonCodecs(method: DescMethod): JsonCodecs<never, never> {
  return ((options) => ({
    input: jsonCodec(method.input, options),
    output: jsonCodec(method.output, options),
  })) as JsonCodecs<never, never>;
}
