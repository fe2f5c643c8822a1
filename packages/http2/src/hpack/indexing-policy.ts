import { checkNames, type OptionNames, wrongOption } from "../option-checks.ts";

/** Which fields an encoder keeps out of the table, in lower case. It indexes all others. */
export interface IndexingPolicy {
  /** Secrets: written as never-indexed literals, which no intermediary may index either (RFC 7541 section 7.1.3). */
  readonly never: readonly string[];
  /** What differs from request to request, and would push what repeats out of the table: literals without indexing. */
  readonly perRequest: readonly string[];
}

/**
 * Credentials and cookies are secrets; trace ids, lengths and dates differ from request to request. For one more secret:
 * `{ ...defaultIndexingPolicy, never: [...defaultIndexingPolicy.never, "x-my-token"] }`.
 */
export const defaultIndexingPolicy: IndexingPolicy = {
  never: [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
  ],
  perRequest: [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-cloud-trace-context",
    "x-amzn-trace-id",
    "x-request-id",
    "x-correlation-id",
    "idempotency-key",
    "age",
    "content-length",
    "content-range",
    "date",
    "etag",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "range",
  ],
};

const names: OptionNames<IndexingPolicy> = { never: true, perRequest: true };

/** Throws TypeError, naming option and value, if it is none. */
export function checkIndexing(policy: IndexingPolicy): void {
  checkNames("indexing", policy, names, '{ ...defaultIndexingPolicy, perRequest: ["x-trace"] }');
  for (const name of ["never", "perRequest"] as const) {
    const fields: unknown = policy[name];
    if (!Array.isArray(fields)) throw wrongOption(`indexing.${name}`, fields, "an array of names of fields");
    for (const field of fields as unknown[])
      if (typeof field !== "string" || /^$|[A-Z]/.test(field))
        throw wrongOption(`a name in indexing.${name}`, field, "a field's, in lower case");
  }
}
