/** What a carriage did against the contract. A case rejects with the first one. */
export class ContractViolation extends Error {
  override readonly name = "ContractViolation";
}

/** Throws a ContractViolation with `text` unless `condition` holds. */
export function check(condition: boolean, text: string): asserts condition {
  if (!condition) throw new ContractViolation(text);
}

/** Checks that two plain values are the same, and shows both if they are not. */
export function checkSame(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [show(actual), show(expected)];
  check(left === right, `${what}: expected ${right}, got ${left}`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length} characters)` : text;
}
