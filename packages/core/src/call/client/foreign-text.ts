import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { isNotModified, RpcError } from "../../error.ts";
import type { Host } from "../../host/host.ts";
import { encodingNamed } from "../../protocol/encoding.ts";
import { mediaType } from "../../protocol/fields.ts";
import { decodeUtf8Lenient } from "../../protocol/utf8.ts";

/** Characters that are shown of it, and bytes that are read for them. */
const mostCharacters = 200;
const mostBytes = 1024;
/** Milliseconds that it is waited for. It comes with the head, as a rule. */
const mostMs = 250;

/** Whether a response that its head alone refuses has a text that may say why, as proxies and web servers write. */
export function hasForeignText(failure: RpcError, fields: Fields): boolean {
  // Else the peer has said it, or there is no body.
  if (failure.isRemote || isNotModified(failure)) return false;
  const plain = encodingNamed(firstField(fields, "content-encoding")) === null;
  return plain && mediaType(firstField(fields, "content-type")).startsWith("text/");
}

/** Waits for the first words of such a text, at most so many and so long, and gives the failure that quotes them. */
export class ForeignText {
  readonly #failure: RpcError;
  readonly #done: (failure: RpcError) => void;
  readonly #bytes: Uint8Array = new Uint8Array(mostBytes);
  readonly #stop: () => void;
  #length = 0;

  /** `deadline` is the call's, which must not hide what the head has said. */
  constructor(failure: RpcError, host: Host, deadline: number, done: (failure: RpcError) => void) {
    this.#failure = failure;
    this.#done = done;
    const now = host.now();
    this.#stop = host.timer(now + Math.min(mostMs, Math.max(0, deadline - now) / 2), () => this.end());
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    const room = Math.min(end - start, mostBytes - this.#length);
    this.#bytes.set(chunk.subarray(start, start + room), this.#length);
    this.#length += room;
    if (this.#length === mostBytes) this.end();
  }

  /** No more of it comes. */
  end(): void {
    this.discard();
    const text = oneLine(decodeUtf8Lenient(this.#bytes.subarray(0, this.#length)));
    const { code, message, metadata } = this.#failure;
    this.#done(
      text === "" ? this.#failure : new RpcError(code, `${message}; its text: ${quoted(text)}`, { metadata }),
    );
  }

  /** Nobody wants it any more. */
  discard(): void {
    this.#stop();
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function quoted(text: string): string {
  const characters = Array.from(text);
  const shown = characters.slice(0, mostCharacters).join("");
  // What JSON lets through and a terminal or a log does not: DEL, C1, direction marks.
  const escaped = JSON.stringify(shown).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
  return characters.length > mostCharacters ? `${escaped}…` : escaped;
}
