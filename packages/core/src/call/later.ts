/**
 * A value that comes once, as a promise that is made when somebody asks. It is handled from the start: who looks away gets
 * no unhandled rejection.
 */
export class Later<T> {
  #state: "pending" | "resolved" | "rejected" = "pending";
  #value: T | undefined;
  #error: unknown;
  #promise: Promise<T> | undefined;
  #settle: { resolve(value: T): void; reject(error: unknown): void; keeper: unknown } | undefined;

  /** `keeper` is kept alive until the value has come. */
  promise(keeper: unknown): Promise<T> {
    if (this.#promise !== undefined) return this.#promise;
    if (this.#state === "resolved") this.#promise = Promise.resolve(this.#value as T);
    else if (this.#state === "rejected") this.#promise = Promise.reject(this.#error);
    else {
      this.#promise = new Promise((resolve, reject) => {
        this.#settle = { resolve, reject, keeper };
      });
    }
    this.#promise.catch(() => {});
    return this.#promise;
  }

  resolve(value: T): void {
    if (this.#state !== "pending") return;
    this.#state = "resolved";
    this.#value = value;
    this.#settle?.resolve(value);
    this.#settle = undefined;
  }

  reject(error: unknown): void {
    if (this.#state !== "pending") return;
    this.#state = "rejected";
    this.#error = error;
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}
