import { maximumEdition, minimumEdition } from "@bufbuild/protobuf";
import { Edition, EditionSchema } from "@bufbuild/protobuf/wkt";
import type { CodeGeneratorRequest, FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { usesCommonJs } from "./options.ts";
import { checkServices } from "./check-services.ts";
import { addTypes, checkTypes } from "./check-types.ts";
import type { TypeKind } from "./check-types.ts";
import { ProtoFile, unknownNumber } from "./proto-file.ts";
import { PluginError, quote } from "./plugin-error.ts";

/**
 * Checks what a compiler checks, but a request made by hand or by a broken tool may get wrong: the plugin framework's
 * errors name neither file nor line. Throws a PluginError for the first thing that is not right.
 */
export function checkRequest(request: CodeGeneratorRequest): void {
  if (request.fileToGenerate.length === 0) {
    throw new PluginError("the request names no file to generate: run the plugin through buf or protoc");
  }
  const files = filesOf(request);
  const seen = new Set<string>();
  const types = new Map<string, TypeKind>();
  for (const proto of files) {
    const file = new ProtoFile(proto);
    checkFile(file, seen);
    seen.add(proto.name);
    addTypes(file, types);
    checkTypes(file, types);
  }
  for (const name of request.fileToGenerate) {
    if (!seen.has(name)) {
      throw new PluginError(
        `${name === "" ? '""' : name}: to be generated, but the request holds no such file: check the names given to the compiler`,
      );
    }
  }
  const commonJs = usesCommonJs(request.parameter);
  const wanted = new Set(request.fileToGenerate);
  for (const proto of files) {
    if (wanted.has(proto.name)) checkServices(new ProtoFile(proto), commonJs);
  }
}

/** The descriptors that are worked with: those with options of source retention, where there are any. */
function filesOf(request: CodeGeneratorRequest): FileDescriptorProto[] {
  const sources = new Map(request.sourceFileDescriptors.map((file) => [file.name, file]));
  return request.protoFile.map((file) => sources.get(file.name) ?? file);
}

const syntaxField = 12;
const editionField = 14;
const packageField = 2;
const dependencyField = 3;

const packagePattern = /^(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?$/;

function checkFile(file: ProtoFile, seen: ReadonlySet<string>): void {
  const { proto } = file;
  if (proto.name === "") {
    throw new PluginError("a file of the request has no name: run the plugin through buf or protoc");
  }
  if (seen.has(proto.name)) {
    throw file.error([], "this file is in the request twice: leave one of them out");
  }
  checkEdition(file);
  if (!packagePattern.test(proto.package)) {
    throw file.error(
      [packageField],
      `package ${quote(proto.package)}: not a name; use letters, digits, _ and dots`,
    );
  }
  for (const [index, dependency] of proto.dependency.entries()) {
    if (seen.has(dependency)) continue;
    throw file.error(
      [dependencyField, index],
      `import ${quote(dependency)}: the request holds no such file ahead of this one: give the compiler all imports, in order`,
    );
  }
}

function checkEdition(file: ProtoFile): void {
  const { syntax, edition } = file.proto;
  switch (syntax) {
    case "":
    case "proto2":
    case "proto3":
      return;
    case "editions":
      // EDITION_UNSTABLE is where compilers try what is to come; the framework takes it for the latest edition.
      if (edition === Edition.EDITION_UNSTABLE || (edition >= minimumEdition && edition <= maximumEdition))
        return;
      throw file.error(
        [editionField],
        `edition ${editionName(edition) ?? unknownNumber(file.proto, editionField)} is not supported: use proto2, proto3 or an edition up to ${editionName(maximumEdition)}`,
      );
    default:
      throw file.error(
        [syntaxField],
        `syntax ${quote(syntax)} is not supported: use proto2, proto3 or an edition up to ${editionName(maximumEdition)}`,
      );
  }
}

function editionName(edition: Edition): string | undefined {
  return edition === Edition.EDITION_UNKNOWN
    ? undefined
    : EditionSchema.value[edition]?.name.replace(/^EDITION_/, "");
}
