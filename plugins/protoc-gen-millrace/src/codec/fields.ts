import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { Edition, FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** The fields in the order in which they are written. */
export function byNumber(message: DescMessage): DescField[] {
  return message.fields.toSorted((a, b) => a.number - b.number);
}

/** Whether a message's unset fields are told by its prototype, which has their defaults. */
export function hasPrototype(message: DescMessage): boolean {
  switch (message.file.edition) {
    case Edition.EDITION_PROTO3:
      return false;
    case Edition.EDITION_PROTO2:
      return true;
    default:
      return message.fields.some(
        (field) => !isImplicit(field) && field.fieldKind !== "message" && field.oneof === undefined,
      );
  }
}

export function isImplicit(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.IMPLICIT;
}

export function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

/** How a value of a message type lies in memory: as a message, as the value in a wrapper, as a Struct's JSON. */
export function formOf(field: DescField, message: DescMessage): "message" | "wrapped" | "json" {
  if (message.typeName === "google.protobuf.Struct" && field.parent?.typeName !== "google.protobuf.Value")
    return "json";
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message)
    ? "wrapped"
    : "message";
}

/** `.name`, or `["1"]`, which is no name. */
export function member(name: string): string {
  return isIdentifier(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** The same as a key in an object literal. */
export function key(name: string): string {
  return isIdentifier(name) ? name : JSON.stringify(name);
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}

/** Whether generated code can deal with it: a field called as what every object has cannot be told from that. */
export function isCovered(message: DescMessage): boolean {
  return message.members.every(({ localName }) => !(localName in Object.prototype));
}
