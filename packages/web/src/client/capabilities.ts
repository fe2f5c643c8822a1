import type { Caps } from "@millrace/exchange";

/** What the fetch at hand can do. It is tried out once, without sending anything. */
export interface FetchAbilities {
  /** Programs may not set all header fields: it is a browser's. */
  readonly guarded: boolean;
  /** A request's body may be a stream. */
  readonly streams: boolean;
}

let abilities: FetchAbilities | undefined;

export function fetchAbilities(): FetchAbilities {
  return (abilities ??= { guarded: isGuarded(), streams: hasRequestStreams() });
}

/**
 * What a transport over fetch can do. Browsers stream requests over HTTP/2 and later alone, which they speak under https
 * alone.
 */
export function fetchCaps(origin: string): Caps {
  const { guarded, streams } = fetchAbilities();
  const streamed = streams && (!guarded || origin.startsWith("https:"));
  return {
    http: "fetch",
    trailers: false,
    request: streamed ? "half" : "whole",
    resets: false,
    duplicates: false,
  };
}

const somewhere = "https://millrace.invalid/";

/** Fetch "forbidden request-header": browsers drop such fields without a word, and nobody else does. */
function isGuarded(): boolean {
  return !new Request(somewhere, { headers: { cookie: "a=b" } }).headers.has("cookie");
}

/**
 * An engine without request streams makes text of the stream, and a content type for it. Safari does not, takes the
 * request, and cannot send it; but alone among browsers that take a stream it does not look at `duplex`.
 */
function hasRequestStreams(): boolean {
  let askedForDuplex = false;
  const init = {
    method: "POST",
    body: new ReadableStream(),
    get duplex(): "half" {
      askedForDuplex = true;
      return "half";
    },
  };
  try {
    const isText = new Request(somewhere, init).headers.has("content-type");
    return !isText && (askedForDuplex || !isGuarded());
  } catch {
    return false;
  }
}
