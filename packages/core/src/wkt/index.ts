export { Any$codec } from "./any.ts";
export { Api$codec, Method$codec, Mixin$codec } from "./api.ts";
export { Duration$codec } from "./duration.ts";
export { Empty$codec } from "./empty.ts";
export { FieldMask$codec } from "./field-mask.ts";
export { SourceContext$codec } from "./source-context.ts";
export { ListValue$codec, Struct$codec, Value$codec } from "./struct.ts";
export { jsonOf, structOf } from "./struct-json.ts";
export { Timestamp$codec } from "./timestamp.ts";
export { Enum$codec, EnumValue$codec, Field$codec, Option$codec, Type$codec } from "./type.ts";
export {
  BoolValue$codec,
  BytesValue$codec,
  DoubleValue$codec,
  FloatValue$codec,
  Int32Value$codec,
  Int64Value$codec,
  StringValue$codec,
  UInt32Value$codec,
  UInt64Value$codec,
} from "./wrappers.ts";
