import type { RequestHead } from "@millrace/exchange";
import type { HeaderBlock } from "../hpack/header-block.ts";
import { contentLength } from "./content-length.ts";
import { Malformed } from "./malformed.ts";
import { readPriority, type Priority } from "./priority.ts";
import { fieldFault } from "./regular-field.ts";
import { token } from "./token.ts";

/** What a request's header block says. */
export interface Request {
  readonly head: RequestHead;
  /** -1 if nothing promises a length. */
  readonly contentLength: number;
  /** RFC 9110 section 10.1.1: the client waits for 100 (Continue) before it sends its body. */
  readonly expectsContinue: boolean;
  /** Undefined: the client says nothing of it. */
  readonly priority: Priority | undefined;
}

/** RFC 3986 section 3.1. */
const schemeForm = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** Of a URI, whatever else it has, these are no part (RFC 3986 sections 3.2 to 3.5). */
const noTarget = /[\s#]/;
const noAuthority = /[\s#/?@\\]/;

/** Reads a request's header block (RFC 9113 section 8.3.1). Once for each block, whatever repeats it. */
export function readRequest(block: HeaderBlock): Request | Malformed {
  block.memo ??= parse(block);
  return block.memo as Request | Malformed;
}

function parse({ fields: all, isValid }: HeaderBlock): Request | Malformed {
  if (!isValid) return new Malformed("a field's name or value has what it may not have");
  let regular = 0;
  let method: string | undefined;
  let scheme: string | undefined;
  let target: string | undefined;
  let authority: string | undefined;
  let host: string | undefined;
  let priority: string | undefined;
  let expectsContinue = false;
  let hasLength = false;
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]!;
    const value = all[i + 1]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (regular < i) return new Malformed(`"${name}" comes behind a field that is no pseudo-header field`);
      regular = i + 2;
      let before: string | undefined;
      if (name === ":method") [before, method] = [method, value];
      else if (name === ":path") [before, target] = [target, value];
      else if (name === ":scheme") [before, scheme] = [scheme, value];
      else if (name === ":authority") [before, authority] = [authority, value];
      else return new Malformed(`"${name}" is no pseudo-header field of a request`);
      if (before !== undefined) return new Malformed(`"${name}" comes twice`);
      continue;
    }
    const fault = fieldFault(name, value);
    if (fault !== null) return new Malformed(fault);
    if (name === "host") {
      if (host !== undefined && host !== value) return new Malformed('"host" comes twice');
      host = value;
    } else if (name === "content-length") hasLength = true;
    else if (name === "expect") expectsContinue = value.toLowerCase() === "100-continue";
    else if (name === "priority") priority = value;
  }
  const fields = all.slice(regular);
  if (method === undefined || !token.test(method)) return new Malformed("the method is missing, or none");
  if (method === "CONNECT") return new Malformed("CONNECT is not served");
  if (scheme === undefined || !schemeForm.test(scheme)) return new Malformed('":scheme" is missing, or none');
  if (
    target === undefined ||
    noTarget.test(target) ||
    (!target.startsWith("/") && !(target === "*" && method === "OPTIONS"))
  )
    return new Malformed('":path" is missing, or no path');
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase())
    return new Malformed('":authority" and "host" differ');
  if (authority !== undefined && noAuthority.test(authority))
    return new Malformed('":authority" is no authority, or has a user in it');
  const length = hasLength ? contentLength(fields) : -1;
  if (length instanceof Malformed) return length;
  const mark = target.indexOf("?");
  const head: RequestHead = {
    method,
    scheme,
    authority: authority ?? host ?? "",
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? "" : target.slice(mark + 1),
    fields,
    memo: undefined,
  };
  return {
    head,
    contentLength: length,
    expectsContinue,
    priority: priority === undefined ? undefined : readPriority(priority),
  };
}
