/** An error that throws when it is looked at. */
export function thrower(trap: string): object {
  return new Proxy(new Error("hidden"), {
    [trap]() {
      throw new Error(`the ${trap} trap`);
    },
  });
}

/** What handlers throw that is no error, or an error that cannot be looked at. */
export const thrown: readonly (readonly [name: string, value: unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["false", false],
  ["NaN", Number.NaN],
  ["a text", "secret"],
  ["an empty text", ""],
  ["a symbol", Symbol("secret")],
  ["a bigint", 5n],
  ["a function", () => "secret"],
  ["an object", { code: "not_found", message: "secret" }],
  ["an object without a prototype", Object.create(null)],
  ["an error", new Error("secret")],
  ["an error without anything", Object.setPrototypeOf(new Error("secret"), null)],
  [
    "an error whose fields throw",
    Object.defineProperties(new Error("x"), {
      name: { get: () => JSON.parse("secret") as never },
      message: { get: () => JSON.parse("secret") as never },
      stack: { get: () => JSON.parse("secret") as never },
      cause: { get: () => JSON.parse("secret") as never },
    }),
  ],
  [
    "an object whose fields throw",
    Object.defineProperties(
      {},
      {
        then: { get: () => JSON.parse("secret") as never },
        code: { get: () => JSON.parse("secret") as never },
        toString: { get: () => JSON.parse("secret") as never },
      },
    ),
  ],
  [
    "an error whose name is no text",
    Object.defineProperty(new Error("x"), "name", { value: Symbol("secret") }),
  ],
  ["a proxy that throws on every get", thrower("get")],
  ["a proxy that throws when asked for its prototype", thrower("getPrototypeOf")],
  ["a proxy that throws when asked for its keys", thrower("ownKeys")],
  ["a revoked proxy", revoked()],
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
