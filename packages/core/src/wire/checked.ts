/** The message that a value is a field of. */
export interface Holder {
  readonly $typeName: string;
}

/** Why a field cannot be written, in the words of the reflective codec. */
export function invalidField(message: Holder, field: string, why: string): Error {
  return new Error(`cannot encode field ${message.$typeName}.${field} to binary: ${why}`);
}

/** What is no int32 at first sight: text may be one. */
export function checkedInt32(value: unknown, message: Holder, field: string): number {
  return checkedInt(value, "int32", -0x80000000, 0x7fffffff, message, field);
}

export function checkedUint32(value: unknown, message: Holder, field: string): number {
  return checkedInt(value, "uint32", 0, 0xffffffff, message, field);
}

function checkedInt(
  value: unknown,
  type: string,
  least: number,
  most: number,
  message: Holder,
  field: string,
): number {
  const int = checkedNumber(value, type, message, field);
  if (Number.isInteger(int) && int >= least && int <= most) return int;
  throw invalidField(message, field, `invalid ${type}: ${int}`);
}

/** A float, which is not too large for 32 bits. */
export function checkedFloat(value: unknown, message: Holder, field: string): number {
  const float = checkedNumber(value, "float32", message, field);
  const isRight = Number.isFinite(float)
    ? Number.isFinite(Math.fround(float))
    : typeof value === "number" || value === "NaN" || !Number.isNaN(float);
  if (isRight) return float;
  throw invalidField(message, field, `invalid float32: ${value as string | number}`);
}

function checkedNumber(value: unknown, type: string, message: Holder, field: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") return Number(value);
  throw invalidField(message, field, `invalid ${type}: ${typeof value}`);
}

/** Puts a 64-bit integer, little-endian, into `into`. It may be given as text or as a number. */
export function checkedWords(
  into: DataView,
  value: unknown,
  signed: boolean,
  message: Holder,
  field: string,
): void {
  let int: bigint;
  try {
    int = BigInt(value as bigint | number | string);
  } catch (cause) {
    throw invalidField(message, field, (cause as Error).message);
  }
  const fits = signed ? BigInt.asIntN(64, int) === int : BigInt.asUintN(64, int) === int;
  if (!fits) throw invalidField(message, field, `invalid ${signed ? "int64" : "uint64"}: ${String(value)}`);
  into.setBigInt64(0, int, true);
}
