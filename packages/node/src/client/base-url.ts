import { shownUrl } from "@millrace/core/host";

/** Where a transport sends its requests: a base URL, taken apart. */
export interface BaseUrl {
  readonly scheme: "http" | "https";
  /** For the socket: IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** For `:authority` and `host`: without the scheme's own port, IPv6 in brackets. */
  readonly authority: string;
  /** What stands before `/pkg.Service/Method`: empty, or `/…` without a slash at the end. */
  readonly prefix: string;
}

/**
 * Takes a base URL apart. Throws a TypeError that names the value and the fix if it is relative, not http or https, or
 * has a query, a fragment or credentials.
 */
export function parseBaseUrl(value: string | URL | undefined): BaseUrl {
  // Code without types may leave it out, and all options with it.
  if (value === undefined) {
    throw new TypeError('baseUrl is missing: give the URL of the server, as in "http://localhost:8080"');
  }
  const shown = shownUrl(value);
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new TypeError(
      `baseUrl ${shown} is not an absolute URL: write it with its scheme, as in "http://localhost:8080"`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(
      `baseUrl for host ${JSON.stringify(url.host)} contains credentials: send them in a header instead (authorization)`,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`baseUrl ${shown} does not begin with http:// or https://, as it must`);
  }
  if (/[?#]/.test(url.href)) {
    const part = url.href.includes("?") ? "a query" : "a fragment";
    throw new TypeError(`baseUrl ${shown} has ${part}: leave it out, a method's path is appended to the URL`);
  }
  const scheme = url.protocol === "https:" ? "https" : "http";
  return {
    scheme,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port),
    authority: url.host,
    prefix: url.pathname.replace(/\/+$/, ""),
  };
}
