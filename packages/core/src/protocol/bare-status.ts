import { codeFromHttpStatus } from "../code.ts";
import { RpcError } from "../error.ts";
import type { Metadata } from "../metadata.ts";
import type { Method } from "../method.ts";

/** The error of a response whose HTTP status is all that tells of it: `missing` is what should have come with it. */
export function bareStatus(status: number, missing: string, method: Method, metadata: Metadata): RpcError {
  const hint = status === 404 ? ": is the path of the base URL right?" : "";
  const text = `HTTP status ${status} without ${missing} from ${method.path}${hint}`;
  return new RpcError(codeFromHttpStatus(status), text, { metadata });
}
