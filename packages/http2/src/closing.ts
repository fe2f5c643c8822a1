import { ErrorCode } from "@millrace/exchange";
import type { Duplex } from "./duplex.ts";
import { noBytes } from "./no-bytes.ts";
import type { Output } from "./output.ts";
import { noTimer, type Runtime } from "./runtime.ts";

/** How long a connection that ends may take to say its last. */
const lingerMs = 1000;
/** What comes meanwhile and is thrown away, in bytes: what a client may have under way on a connection at first. */
const lingerBytes = 1024 * 1024;

/** Why all streams of a connection die. */
export type ConnectionEnd =
  | { readonly kind: "lost"; readonly cause: unknown }
  | { readonly kind: "protocol"; readonly code: number; readonly text: string }
  | { readonly kind: "shutdown" };

/** Whoever comes to an end. */
export interface ClosingHost {
  readonly output: Output;
  readonly runtime: Runtime;
  /** GOAWAY, which refuses what the peer opens from now on. */
  lastWord(code: number, debug: Uint8Array): void;
  /** Nothing is read any more, nothing new comes of it, and all that ran dies. Once. */
  over(end: ConnectionEnd): void;
  /** It has said its last: what still comes is thrown away, or not read at all. */
  saidLast(): void;
}

/** How a connection ends (RFC 9113 section 5.4.1): GOAWAY, the streams' deaths, the end of the transport. */
export class Closing {
  readonly #host: ClosingHost;
  readonly #duplex: Duplex;
  /** `failed`: it ends, and nothing is read any more. `closed`: so is the transport. `told`: whoever waited for that knows. */
  #state: "open" | "failed" | "closed" | "told" = "open";
  #isDeaf = false;
  /** Bytes that came after the end. */
  #ignored = 0;
  #cancelLinger: () => void = noTimer;

  constructor(host: ClosingHost, duplex: Duplex) {
    this.#host = host;
    this.#duplex = duplex;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** The peer broke the rules: it is not listened to any more. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /** The transport is closed, and who waits for that has not been told. */
  get isDue(): boolean {
    return this.#state === "closed";
  }

  /** Who waited for the transport's end has been told. */
  told(): void {
    this.#state = "told";
  }

  /** For what the peer did. Gives false: stop reading. */
  fail(code: number, text: string): false {
    if (this.#state !== "open") return false;
    this.#end({ kind: "protocol", code, text }, code, asciiOf(text));
    this.#isDeaf = true;
    this.#linger();
    return false;
  }

  /** As it should be: nothing runs any more, or what runs dies. */
  shut(): void {
    if (this.#state !== "open") return;
    this.#end({ kind: "shutdown" }, ErrorCode.NO_ERROR, noBytes);
    this.#linger();
  }

  /** The transport is closed. */
  lost(cause: unknown): void {
    if (this.#state === "closed" || this.#state === "told") return;
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    this.#cancelLinger();
    const { output } = this.#host;
    output.close();
    if (wasOpen) this.#host.over({ kind: "lost", cause });
    output.touch();
  }

  /** Takes the peer for dead. */
  giveUp(why: string): void {
    this.lost(new Error(why));
    this.#duplex.destroy();
  }

  /** Of a peer that broke the rules: a transport that is not read keeps no process alive, and somebody waits for its end. */
  letGo(): void {
    if (this.#isDeaf) this.#duplex.destroy();
  }

  /** So many bytes came after the end. */
  ignore(bytes: number): void {
    this.#ignored += bytes;
    if (this.#ignored > lingerBytes) this.#duplex.destroy();
  }

  #end(end: ConnectionEnd, code: number, debug: Uint8Array): void {
    this.#state = "failed";
    this.#host.lastWord(code, debug);
    this.#host.over(end);
  }

  /**
   * The transport ends behind what is written, and is closed when the peer has ended it too, or soon. Until then what comes
   * is read and thrown away, since a reset by TCP would overtake the GOAWAY; of a peer that broke the rules it is left where
   * it is, so that a flood costs no more, and waits before it can begin anew.
   */
  #linger(): void {
    const { output, runtime } = this.#host;
    this.#host.saidLast();
    this.#cancelLinger = runtime.timer(lingerMs, () => this.#duplex.destroy());
    output.finish();
  }
}

/** Texts of this side's own, which are ASCII. */
function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}
