/** The status codes that the three protocols share (gRPC statuscodes.md; Connect "Error codes"). */
export type Code =
  | "canceled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "data_loss"
  | "unauthenticated";

/** Each code at its number on the gRPC wire; 0 is success, which is not a code. */
const byNumber: readonly (Code | "ok")[] = [
  "ok",
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

const httpStatuses: Record<Code, number> = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
};

/** The code's number on the gRPC wire: 1 to 16. */
export function codeToNumber(code: Code): number {
  return byNumber.indexOf(code);
}

/** The code of a number on the gRPC wire: `ok` for 0, undefined for a number that is none. */
export function codeFromNumber(number: number): Code | "ok" | undefined {
  return byNumber[number];
}

/** Whether a text is the name of a code. */
export function isCode(text: unknown): text is Code {
  return typeof text === "string" && Object.hasOwn(httpStatuses, text);
}

/** Connect, "Error codes": the HTTP status of a code. */
export function httpStatusFromCode(code: Code): number {
  return httpStatuses[code];
}

/** The code for a response that carries an HTTP status and no RPC status (gRPC http-grpc-status-mapping.md). */
export function codeFromHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return "internal";
    case 401:
      return "unauthenticated";
    case 403:
      return "permission_denied";
    case 404:
      return "unimplemented";
    case 429:
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return "unknown";
  }
}
