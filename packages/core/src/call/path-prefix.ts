import type { App } from "./app.ts";

/** What stands before an App's methods: empty, or a path without a slash at its end. Throws TypeError. */
export function pathPrefix({ pathPrefix: prefix }: App): string {
  if (prefix === undefined || prefix === "" || prefix === "/") return "";
  if (/^(\/[^/?#\s]+)+\/?$/.test(prefix)) return prefix.replace(/\/$/, "");
  throw new TypeError(`pathPrefix is ${JSON.stringify(prefix)}: it must be a path such as "/rpc"`);
}
