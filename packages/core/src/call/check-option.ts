import { shown } from "../shown.ts";

/** A number of bytes out of options: the default if it is undefined. Throws TypeError, naming option and value. */
export function checkBytes(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value === "number" && value >= 0 && (value === Infinity || Number.isInteger(value)))
    return value;
  throw new TypeError(`${name} is ${shown(value)}: it must be a whole number of bytes, or Infinity`);
}

/** Throws TypeError for what is no list of functions, naming the first that is none. */
export function checkInterceptors(given: readonly unknown[] | undefined): void {
  if (given === undefined) return;
  if (!Array.isArray(given)) throw new TypeError("interceptors is no array: give an array of functions");
  const index = given.findIndex((one) => typeof one !== "function");
  if (index >= 0) throw new TypeError(`interceptors[${index}] is ${shown(given[index])}, not a function`);
}

/** A name out of options: the default if it is undefined. Throws TypeError, naming option, value and choice. */
export function checkName<T extends string>(
  name: string,
  value: T | undefined,
  choice: readonly T[],
  byDefault: T,
): T {
  if (value === undefined) return byDefault;
  if (choice.includes(value)) return value;
  const quoted = choice.map((one) => `"${one}"`).join(", ");
  throw new TypeError(`${name} is ${JSON.stringify(value)}: it must be one of ${quoted}`);
}
