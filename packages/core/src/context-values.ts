import { RpcError } from "./error.ts";

/** A typed slot, compared by identity. T includes undefined unless a default was given. */
export interface ContextKey<T> {
  readonly name: string;
  readonly defaultValue: T;
  readonly "~type"?: (value: T) => T;
}

/** Makes a slot; `name` appears in errors alone. */
export function contextKey<T>(name: string): ContextKey<T | undefined>;
/** Makes a slot that holds `defaultValue` until it is set; `name` appears in errors alone. */
export function contextKey<T>(name: string, defaultValue: T): ContextKey<T>;
export function contextKey<T>(name: string, defaultValue?: T): ContextKey<T | undefined> {
  return { name, defaultValue };
}

/** What gate, interceptors and handlers of one call pass to each other. It does not travel. */
export interface ContextValues {
  /** The value, or the key's default. */
  get<T>(key: ContextKey<T>): T;
  set<T>(key: ContextKey<T>, value: NoInfer<T>): this;
  /** As get, but absence is a bug: throws RpcError `internal`, naming the key. */
  require<T>(key: ContextKey<T>): NonNullable<T>;
}

/** An empty set of values, to give to a call. */
export function contextValues(): ContextValues {
  return new ContextMap();
}

class ContextMap implements ContextValues {
  readonly #values = new Map<object, unknown>();

  get<T>(key: ContextKey<T>): T {
    return this.#values.has(key) ? (this.#values.get(key) as T) : key.defaultValue;
  }

  set<T>(key: ContextKey<T>, value: NoInfer<T>): this {
    this.#values.set(key, value);
    return this;
  }

  require<T>(key: ContextKey<T>): NonNullable<T> {
    const value = this.get(key);
    if (value !== undefined && value !== null) return value;
    throw new RpcError(
      "internal",
      `context value "${key.name}" is not set: set it in a gate or an interceptor`,
    );
  }
}
