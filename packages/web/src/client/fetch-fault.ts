import type { Fault } from "@millrace/exchange";
import { fetchAbilities } from "./capabilities.ts";

const maybe = { h2: -1, processed: "maybe" } as const;

/** The fault of a request that cannot be sent as it is. */
export function unsentFault(error: unknown): Fault {
  const text = `the request cannot be sent: ${reasonOf(error)}`;
  return { by: "local", kind: "protocol", h2: -1, processed: "never", text, cause: error };
}

/** Fetch failed before there was a response. Whether the server can have seen the request, it does not tell. */
export function lostFault(url: string, cause: unknown): Fault {
  const hint = fetchAbilities().guarded
    ? " (the server may be down, or its CORS headers may not allow this page: browsers tell programs nothing more)"
    : "";
  return {
    ...maybe,
    by: "transport",
    kind: "lost",
    text: `no response from ${hostOf(url)}: ${reasonOf(cause)}${hint}`,
    cause,
  };
}

export function truncatedFault(url: string, cause: unknown): Fault {
  const text = `the response from ${hostOf(url)} broke off: ${reasonOf(cause)}`;
  return { ...maybe, by: "transport", kind: "truncated", text, cause };
}

/** Browsers hide where a redirect leads, and even its status. */
export function redirectFault(url: string): Fault {
  const text = `${hostOf(url)} redirects the call, which is not followed: use the URL that it redirects to as baseUrl`;
  return { ...maybe, by: "peer", kind: "protocol", text };
}

function hostOf(url: string): string {
  return url.split("/", 3)[2]!;
}

/** The message, and that of the cause behind it: most runtimes put what happened there. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  const code = codeOf(error);
  const text = code === "" || message.includes(code) ? message : `${message} (${code})`;
  return cause instanceof Error ? `${text}: ${reasonOf(cause)}` : text;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
