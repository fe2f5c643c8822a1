import { codeFromHttpStatus } from "../code.ts";
import { RpcError } from "../error.ts";
import type { Metadata } from "../metadata.ts";
import type { Method } from "../method.ts";

/**
 * The error of a response whose HTTP status is all that tells of it: `missing` is what should have come with it, and
 * `contentType` what the request was.
 */
export function bareStatus(
  status: number,
  missing: string,
  method: Method,
  contentType: string,
  metadata: Metadata,
): RpcError {
  const hint = hintFor(status, method, contentType);
  const text = `HTTP status ${status} without ${missing} from ${method.path}`;
  return new RpcError(codeFromHttpStatus(status), hint === "" ? text : `${text}: ${hint}`, { metadata });
}

function hintFor(status: number, { service }: Method, contentType: string): string {
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return "a redirect, which is not followed: give the URL that it leads to as baseUrl";
    case 404:
      return `is the path of the base URL right, and does this server serve ${service}?`;
    case 415:
      return `the server does not take ${contentType}: set another protocol`;
    default:
      return "";
  }
}
