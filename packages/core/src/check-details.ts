import type { ErrorDetail } from "./error-detail.ts";

/** Code without types may give anything as details. Throws TypeError, naming the one that is none, and the fix. */
export function checkDetails(details: unknown): readonly ErrorDetail[] {
  if (!Array.isArray(details)) {
    throw new TypeError(`details is ${kindOf(details)}: it must be an array of what errorDetail() makes`);
  }
  return details.map((detail: unknown, index) => {
    if (isDetail(detail)) return checkPrefix(detail, index);
    throw new TypeError(`details[${index}] is ${whatIs(detail)}`);
  });
}

function isDetail(given: unknown): given is ErrorDetail {
  if (typeof given !== "object" || given === null) return false;
  const { type, value } = given as Partial<ErrorDetail>;
  // By its tag: it may be another realm's.
  return typeof type === "string" && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function checkPrefix(detail: ErrorDetail, index: number): ErrorDetail {
  const { typeUrlPrefix: prefix } = detail;
  if (prefix === undefined || (typeof prefix === "string" && /^$|\/$/.test(prefix))) return detail;
  const shown = typeof prefix === "string" ? JSON.stringify(prefix) : kindOf(prefix);
  throw new TypeError(`details[${index}].typeUrlPrefix is ${shown}: it must end in a slash, or be empty`);
}

/** What stands in a detail's place, and how it becomes one. */
function whatIs(given: unknown): string {
  if (typeof given === "object" && given !== null) {
    if ("$typeName" in given && typeof given.$typeName === "string") {
      const { $typeName: name } = given;
      // A nested message's schema has the outer one's name before its own; a package's is lower case.
      const schema = `${name.replace(/^([a-z_][^.]*\.)*/, "").replaceAll(".", "_")}Schema`;
      return `a ${name} message: wrap it in errorDetail(${schema}, …)`;
    }
    if ("desc" in given) return "an object with desc and value: write errorDetail(desc, value)";
  }
  return `${kindOf(given)}: make it with errorDetail(schema, …)`;
}

function kindOf(given: unknown): string {
  if (given === undefined || given === null) return String(given);
  return typeof given === "object" ? "an object without type and value" : `a ${typeof given}`;
}
