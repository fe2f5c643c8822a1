import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";

// The enum itself comes with the descriptors of descriptors.
const implicit = 2;
const required = 3;

export function isImplicit(field: DescField): boolean {
  return (field.presence as number) === implicit;
}

export function isRequired(field: DescField): boolean {
  return (field.presence as number) === required;
}

/** Whether JSON has a form of its own for a type: a Timestamp is a string. */
export function hasOwnForm(desc: DescMessage): boolean {
  return hasCustomJsonRepresentation(desc);
}

/** Whether a field's messages lie in memory as the JSON of a Struct. */
export function isStruct(field: DescField, message: DescMessage): boolean {
  return message.typeName === "google.protobuf.Struct" && field.parent?.typeName !== "google.protobuf.Value";
}
