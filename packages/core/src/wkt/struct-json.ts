import type { JsonObject, JsonValue, Message } from "@bufbuild/protobuf";
import type { ListValue, Struct, Value } from "@bufbuild/protobuf/wkt";
import { setEntry } from "../wire/maps.ts";

/** The Struct of the JSON that stands for it in memory; undefined is an empty one. */
export function structOf(json: unknown): Struct {
  const fields = {};
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    for (const [name, value] of Object.entries(json)) setEntry(fields, name, valueOf(value));
  }
  return { $typeName: "google.protobuf.Struct", fields };
}

/** The JSON that stands for a Struct in memory. */
export function jsonOf(struct: Message): JsonObject {
  const json = {};
  for (const [name, value] of Object.entries((struct as Struct).fields))
    setEntry(json, name, jsonOfValue(value));
  return json;
}

function valueOf(json: unknown): Value {
  return { $typeName: "google.protobuf.Value", kind: kindOf(json) };
}

function kindOf(json: unknown): Value["kind"] {
  switch (typeof json) {
    case "number":
      return { case: "numberValue", value: json };
    case "string":
      return { case: "stringValue", value: json };
    case "boolean":
      return { case: "boolValue", value: json };
    case "object": {
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum would bring its descriptor along
      if (json === null) return { case: "nullValue", value: 0 };
      if (!Array.isArray(json)) return { case: "structValue", value: structOf(json) };
      const value: ListValue = { $typeName: "google.protobuf.ListValue", values: json.map(valueOf) };
      return { case: "listValue", value };
    }
    default:
      return { case: undefined };
  }
}

function jsonOfValue({ kind }: Value): JsonValue {
  switch (kind.case) {
    case "structValue":
      return jsonOf(kind.value);
    case "listValue":
      return kind.value.values.map(jsonOfValue);
    case "nullValue":
    case undefined:
      return null;
    default:
      return kind.value;
  }
}
