import { isFieldSet } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { DescriptorProto, EnumDescriptorProto, FieldDescriptorProto } from "@bufbuild/protobuf/wkt";
import { quote } from "./plugin-error.ts";
import { unknownNumber } from "./proto-file.ts";
import type { ProtoFile } from "./proto-file.ts";

/** What a full name stands for. */
export type TypeKind = "message" | "enum" | "service";

// Field numbers of FileDescriptorProto, DescriptorProto, EnumDescriptorProto, ServiceDescriptorProto.
const inFile = { message: 4, enum: 5, service: 6, extension: 7 } as const;
const inMessage = { field: 2, message: 3, enum: 4, extension: 6, oneof: 8 } as const;
const valueField = 2;
const methodField = 2;
const typeField = 5;

/** Adds the types of a file by their full names; throws when a name is none, or given twice. */
export function addTypes(file: ProtoFile, types: Map<string, TypeKind>): void {
  const add = (path: readonly number[], kind: TypeKind, name: string, prefix: string): void => {
    file.checkName(path, kind, name);
    const fullName = prefix + name;
    const other = types.get(fullName);
    if (other !== undefined) {
      throw file.error(
        path,
        `${kind} ${fullName}: there is ${other === "enum" ? "an enum" : `a ${other}`} of that name already: rename one`,
      );
    }
    types.set(fullName, kind);
  };
  const addEnum = (path: readonly number[], proto: EnumDescriptorProto, prefix: string): void => {
    add(path, "enum", proto.name, prefix);
    for (const [i, value] of proto.value.entries())
      file.checkName([...path, valueField, i], "enum value", value.name);
  };
  const addMessage = (path: readonly number[], proto: DescriptorProto, prefix: string): void => {
    add(path, "message", proto.name, prefix);
    const inner = `${prefix}${proto.name}.`;
    for (const [i, nested] of proto.nestedType.entries())
      addMessage([...path, inMessage.message, i], nested, inner);
    for (const [i, nested] of proto.enumType.entries()) addEnum([...path, inMessage.enum, i], nested, inner);
  };
  const { proto, prefix } = file;
  for (const [i, message] of proto.messageType.entries()) addMessage([inFile.message, i], message, prefix);
  for (const [i, type] of proto.enumType.entries()) addEnum([inFile.enum, i], type, prefix);
  for (const [i, service] of proto.service.entries())
    add([inFile.service, i], "service", service.name, prefix);
}

/** Checks that whatever a file refers to is there, and of the right kind. */
export function checkTypes(file: ProtoFile, types: ReadonlyMap<string, TypeKind>): void {
  const { proto, prefix } = file;
  for (const [i, message] of proto.messageType.entries()) {
    checkMessage(file, types, [inFile.message, i], message, prefix + message.name);
  }
  for (const [i, extension] of proto.extension.entries()) {
    checkField(file, types, [inFile.extension, i], extension, `extension ${prefix}${extension.name}`);
  }
  for (const [i, service] of proto.service.entries()) {
    for (const [j, method] of service.method.entries()) {
      const path = [inFile.service, i, methodField, j];
      file.checkName(path, `service ${prefix}${service.name}: rpc`, method.name);
      const what = `rpc ${prefix}${service.name}.${method.name}`;
      checkReference(file, types, path, `${what}: request type`, method.inputType, "message");
      checkReference(file, types, path, `${what}: response type`, method.outputType, "message");
    }
  }
}

function checkMessage(
  file: ProtoFile,
  types: ReadonlyMap<string, TypeKind>,
  path: readonly number[],
  proto: DescriptorProto,
  fullName: string,
): void {
  for (const [i, oneof] of proto.oneofDecl.entries()) {
    file.checkName([...path, inMessage.oneof, i], `message ${fullName}: oneof`, oneof.name);
  }
  for (const [i, field] of proto.field.entries()) {
    const fieldPath = [...path, inMessage.field, i];
    checkField(file, types, fieldPath, field, `field ${fullName}.${field.name}`);
    if (
      isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) &&
      !(field.oneofIndex in proto.oneofDecl)
    ) {
      const what = `field ${fullName}.${field.name}`;
      throw file.error(fieldPath, `${what}: oneof number ${field.oneofIndex} is not in its message: add it`);
    }
  }
  if (proto.options?.mapEntry === true) checkMapEntry(file, path, proto, fullName);
  for (const [i, extension] of proto.extension.entries()) {
    const what = `extension ${fullName}.${extension.name}`;
    checkField(file, types, [...path, inMessage.extension, i], extension, what);
  }
  for (const [i, nested] of proto.nestedType.entries()) {
    checkMessage(file, types, [...path, inMessage.message, i], nested, `${fullName}.${nested.name}`);
  }
}

function checkField(
  file: ProtoFile,
  types: ReadonlyMap<string, TypeKind>,
  path: readonly number[],
  proto: FieldDescriptorProto,
  what: string,
): void {
  file.checkName(path, what.startsWith("extension") ? "extension" : "field", proto.name);
  if (what.startsWith("extension")) {
    checkReference(file, types, path, `${what}: extended type`, proto.extendee, "message");
  }
  switch (proto.type) {
    case FieldDescriptorProto_Type.MESSAGE:
    case FieldDescriptorProto_Type.GROUP:
      checkReference(file, types, path, `${what}: type`, proto.typeName, "message");
      return;
    case FieldDescriptorProto_Type.ENUM:
      checkReference(file, types, path, `${what}: type`, proto.typeName, "enum");
      return;
    default:
      if (isFieldSet(proto, FieldDescriptorProtoSchema.field.type)) return;
      throw file.error(
        path,
        `${what}: type ${unknownNumber(proto, typeField)} is no type of field: use one of 1 to 18`,
      );
  }
}

function checkReference(
  file: ProtoFile,
  types: ReadonlyMap<string, TypeKind>,
  path: readonly number[],
  what: string,
  typeName: string,
  wanted: "message" | "enum",
): void {
  const kind = types.get(typeName.replace(/^\./, ""));
  if (kind === wanted) return;
  if (kind === undefined) {
    throw file.error(
      path,
      `${what} ${quote(typeName)} is not in the request: import the file that declares it`,
    );
  }
  throw file.error(
    path,
    `${what} ${quote(typeName)} is ${kind === "enum" ? "an enum" : `a ${kind}`}: it must be ${wanted === "enum" ? "an enum" : "a message"}`,
  );
}

function checkMapEntry(
  file: ProtoFile,
  path: readonly number[],
  proto: DescriptorProto,
  fullName: string,
): void {
  const key = proto.field.find((field) => field.number === 1);
  const value = proto.field.find((field) => field.number === 2);
  const types = FieldDescriptorProto_Type;
  const notKeys: (number | undefined)[] = [
    undefined,
    types.DOUBLE,
    types.FLOAT,
    types.GROUP,
    types.MESSAGE,
    types.BYTES,
    types.ENUM,
  ];
  if (
    notKeys.includes(key?.type) ||
    value === undefined ||
    value.label === FieldDescriptorProto_Label.REPEATED
  ) {
    throw file.error(path, `map entry ${fullName}: it must have a key, number 1, and one value, number 2`);
  }
}
