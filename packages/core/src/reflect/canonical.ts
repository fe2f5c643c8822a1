import { clone, isMessage } from "@bufbuild/protobuf";
import type { DescField, DescMessage, JsonValue, Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";

/**
 * A message whose encoding is the same for all messages equal to it. Fields are written in a fixed order anyway; what has
 * none are maps: here their entries are sorted. A type that holds no map is given back as it is.
 */
export function canonical<T extends Message>(schema: GenMessage<T>, message: T): T {
  if (!holdsMap(schema, new Set())) return message;
  const copy = clone(schema, message);
  sortMaps(schema, copy);
  return copy;
}

const known = /*@__PURE__*/ new WeakMap<DescMessage, boolean>();

/** Whether a message of this type, or one inside it, has a map. */
function holdsMap(desc: DescMessage, visiting: Set<DescMessage>): boolean {
  const before = known.get(desc);
  if (before !== undefined) return before;
  if (visiting.has(desc)) return false;
  visiting.add(desc);
  const holds = desc.fields.some((field) => {
    const inner = messageOf(field);
    return field.fieldKind === "map" || (inner !== undefined && holdsMap(inner, visiting));
  });
  // Inside a circle of types an answer of no may be for want of the rest: only the outermost one is sure.
  if (holds || visiting.values().next().value === desc) known.set(desc, holds);
  return holds;
}

type Members = Record<string, unknown>;

function sortMaps(desc: DescMessage, message: Message): void {
  for (const field of desc.fields) {
    const holder = holderOf(field, message);
    if (holder === undefined) continue;
    const inner = messageOf(field);
    const value = holder[slotOf(field)];
    if (field.fieldKind === "map") holder[slotOf(field)] = sortEntries(value as Members, inner);
    else if (inner === undefined || value === undefined || value === null) continue;
    else if (field.fieldKind === "list") {
      holder[slotOf(field)] = (value as unknown[]).map((entry) => sorted(inner, entry));
    } else holder[slotOf(field)] = sorted(inner, value);
  }
}

/** A value of a message type, which in memory is a message, a Struct's JSON, or a wrapper's scalar. */
function sorted(desc: DescMessage, value: unknown): unknown {
  if (isMessage(value)) {
    sortMaps(desc, value);
    return value;
  }
  return desc.typeName === "google.protobuf.Struct" ? sortJson(value as JsonValue) : value;
}

function sortEntries(entries: Members, inner: DescMessage | undefined): Members {
  const names = Object.keys(entries).toSorted();
  return Object.fromEntries(
    names.map((name) => [name, inner === undefined ? entries[name] : sorted(inner, entries[name])]),
  );
}

function sortJson(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map((entry) => sortJson(entry));
  if (typeof json !== "object" || json === null) return json;
  const names = Object.keys(json).toSorted();
  return Object.fromEntries(names.map((name) => [name, sortJson(json[name]!)]));
}

/** Where a field's value lies: the message, or the chosen case of a oneof. */
function holderOf(field: DescField, message: Message): Members | undefined {
  const members = message as Message & Members;
  if (field.oneof === undefined) return members;
  const chosen = members[field.oneof.localName] as Members;
  return chosen["case"] === field.localName ? chosen : undefined;
}

function slotOf(field: DescField): string {
  return field.oneof === undefined ? field.localName : "value";
}

function messageOf(field: DescField): DescMessage | undefined {
  switch (field.fieldKind) {
    case "message":
      return field.message;
    case "list":
      return field.listKind === "message" ? field.message : undefined;
    case "map":
      return field.mapKind === "message" ? field.message : undefined;
    default:
      return undefined;
  }
}
