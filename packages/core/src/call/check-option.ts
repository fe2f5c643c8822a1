/** A number of bytes out of options: the default if it is undefined. Throws TypeError, naming option and value. */
export function checkBytes(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value === "number" && value >= 0 && (value === Infinity || Number.isInteger(value)))
    return value;
  throw new TypeError(`${name} is ${String(value)}: it must be a whole number of bytes, or Infinity`);
}
