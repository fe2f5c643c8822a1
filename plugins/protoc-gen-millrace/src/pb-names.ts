import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { safeIdentifier } from "@bufbuild/protoplugin";

type DescType = DescMessage | DescEnum | DescExtension | DescService;

/** What protoc-gen-es calls the types of one file in its `_pb` file. */
export interface PbNames {
  /** The type of a message: `GreetRequest`. */
  readonly shapes: ReadonlyMap<DescType, string>;
  /** The descriptor of a message or a service: `GreetRequestSchema`, `GreetService`. */
  readonly descriptors: ReadonlyMap<DescType, string>;
}

/**
 * Names the types of a file as protoc-gen-es does: types first, then descriptors, in the order of the file; a name that
 * is taken gets `$`, then `$1`, `$2`. The plugin framework gives the same names, but goes through the whole file for each
 * one that it is asked for; a test holds the two together.
 */
export function pbNames(file: DescFile): PbNames {
  const taken = new Set<string>();
  const claim = (ideal: string): string => {
    let name = safeIdentifier(ideal);
    for (let i = 0; taken.has(name); i++) name = ideal + (i === 0 ? "$" : `$${i}`);
    taken.add(name);
    return name;
  };
  const types: DescType[] = [...nestedTypes(file)];
  const shapes = new Map<DescType, string>();
  for (const type of types) {
    if (hasShape(type)) shapes.set(type, claim(nameInFile(type)));
  }
  claim(`file_${file.name.replace(/[^a-zA-Z0-9_]+/g, "_")}`);
  const descriptors = new Map<DescType, string>();
  for (const type of types) {
    descriptors.set(type, claim(nameInFile(type) + (hasShape(type) ? "Schema" : "")));
  }
  return { shapes, descriptors };
}

function hasShape(type: DescType): boolean {
  return type.kind === "message" || type.kind === "enum";
}

/** The type's name without its package, nested names joined: `Outer_Inner`. */
function nameInFile(type: DescType): string {
  const { package: packageName } = type.file.proto;
  const name = packageName === "" ? type.typeName : type.typeName.slice(packageName.length + 1);
  return name.replaceAll(".", "_");
}
