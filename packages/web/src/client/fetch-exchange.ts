import type { Linked, Stoppable } from "@millrace/core/host";
import type { Caps, ClientSink, Exchange, Fault, Fields, Peer, RequestHead } from "@millrace/exchange";
import { IncomingBody } from "../body/incoming-body.ts";
import { OutgoingBody } from "../body/outgoing-body.ts";
import type { Fetch } from "./fetch.ts";
import { lostFault, redirectFault, truncatedFault, unsentFault } from "./fetch-fault.ts";
import { requestHeaders, responseFields } from "./fetch-fields.ts";

/** How every request of a connector is sent. */
export interface FetchRequest {
  /** `http://` or `https://` and the authority: it stands for that of each head, which fetch cannot send apart from it. */
  readonly origin: string;
  readonly fetch: Fetch;
  /** What is passed on as it is. */
  readonly init: RequestInit;
}

/** `duplex` is in the Fetch standard, and not in all of its types. */
type StreamInit = RequestInit & { duplex?: "half" };

/** Why fetch is told to stop. Made once: a reason of its own would be an error for each call. */
const stopped = "the call has ended";

/**
 * One request by fetch. What becomes of it on the way is the runtime's: it is taken for sent when fetch has been called,
 * and why it failed is known from the runtime's words alone.
 */
export class FetchExchange implements Exchange, Stoppable {
  previous: Linked | null = null;
  next: Linked | null = null;
  readonly #request: FetchRequest;
  readonly #caps: Caps;
  readonly #sink: ClientSink;
  readonly #ended: () => void;
  readonly #abort = new AbortController();
  /** `waiting` for the turn after open(); `ending`: only what is queued for the sink comes, `closed` at last. */
  #state: "waiting" | "running" | "ending" | "closed" = "waiting";
  #url = "";
  #upload: OutgoingBody | undefined;
  #response: IncomingBody | undefined;
  #paused = false;
  /** To be told before closed(), unless this side resets. */
  #fault: Fault | undefined;

  /** `ended` runs after closed(). */
  constructor(request: FetchRequest, caps: Caps, sink: ClientSink, ended: () => void) {
    this.#request = request;
    this.#caps = caps;
    this.#sink = sink;
    this.#ended = ended;
  }

  /** Sends the request, in the next turn. */
  start(head: RequestHead, body: Uint8Array | null | undefined): void {
    const { path, query } = head;
    this.#url = `${this.#request.origin}${path}${query === "" ? "" : `?${query}`}`;
    if (body === undefined) {
      this.#upload = new OutgoingBody({
        writable: () => this.#sink.writable(),
        flushed() {},
        // The runtime wants no more of it: what that means, the response or its failure tells.
        canceled() {},
      });
    }
    queueMicrotask(() => this.#send(head, body));
  }

  pause(): void {
    this.#paused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#response?.resume();
  }

  write(chunk: Uint8Array): boolean {
    return this.#upload?.write(chunk) ?? true;
  }

  reserve(): null {
    return null;
  }

  commit(): boolean {
    return true;
  }

  flush(): void {}

  /** Trailers are not among what this carriage can do. */
  end(): void {
    this.#upload?.end();
  }

  reset(): void {
    if (this.#state === "closed") return;
    this.#fault = undefined;
    this.#endSoon();
  }

  /** Ends the exchange with a fault, in a later turn: the connector is closed, or it could not be sent. */
  fail(fault: Fault): void {
    if (this.#state === "ending" || this.#state === "closed") return;
    this.#fault = this.#state === "waiting" ? { ...fault, processed: "never" } : fault;
    this.#endSoon();
  }

  #send(head: RequestHead, body: Uint8Array | null | undefined): void {
    if (this.#state !== "waiting") return;
    let init: StreamInit;
    try {
      init = {
        ...this.#request.init,
        method: head.method,
        headers: requestHeaders(head.fields),
        body: (this.#upload?.stream ?? body ?? null) as NonNullable<RequestInit["body"]> | null,
        // A redirected POST may come out as a GET; runtimes for servers know no "error".
        redirect: "manual",
        signal: this.#abort.signal,
      };
      if (this.#upload !== undefined) init.duplex = "half";
    } catch (error) {
      this.fail(unsentFault(error));
      return;
    }
    this.#state = "running";
    // Before fetch: it may ask for the body at once.
    this.#sink.sent(peerUnder(head.scheme), this.#caps);
    if (this.#state === "running") this.#fetch(init);
  }

  #fetch(init: StreamInit): void {
    let sending: Promise<Response>;
    try {
      sending = Promise.resolve(this.#request.fetch(this.#url, init));
    } catch (error) {
      this.#die(lostFault(this.#url, error));
      return;
    }
    sending.then(
      (response) => this.#answered(response),
      (error: unknown) => this.#die(lostFault(this.#url, error)),
    );
  }

  #answered(response: Response): void {
    if (this.#state !== "running") {
      // One that does not heed its signal.
      response?.body?.cancel(stopped).catch(ignore);
      return;
    }
    let fields: Fields;
    let body: IncomingBody;
    try {
      if (response.type === "opaqueredirect") {
        this.#die(redirectFault(this.#url));
        return;
      }
      fields = responseFields(response);
      body = new IncomingBody(response.body, true, {
        data: (chunk) => this.#sink.data(chunk, 0, chunk.length),
        end: () => this.#complete(),
        broken: (reason) => this.#die(truncatedFault(this.#url, reason)),
      });
    } catch (error) {
      // A fetch of the user's own may give anything.
      this.#die(lostFault(this.#url, error));
      return;
    }
    this.#response = body;
    this.#sink.head(response.status, { fields, memo: undefined });
    if (this.#state === "running" && !this.#paused) body.resume();
  }

  /** The response is whole. */
  #complete(): void {
    this.#sink.end(null);
    if (this.#state !== "running") return;
    const delivered = this.#upload?.flushed ?? true;
    // Nobody reads the rest of the upload.
    if (!delivered) this.#stop();
    this.#close(delivered);
  }

  /** Ends with a fault, now: not from inside a call to this exchange. */
  #die(fault: Fault): void {
    if (this.#state !== "running") return;
    this.#state = "ending";
    this.#stop();
    this.#sink.fault(fault);
    this.#close(false);
  }

  #endSoon(): void {
    if (this.#state === "ending") return;
    this.#state = "ending";
    this.#stop();
    queueMicrotask(() => {
      if (this.#fault !== undefined) this.#sink.fault(this.#fault);
      this.#close(false);
    });
  }

  /** Aborts first: a body that only breaks off is taken for one that ends by some runtimes. */
  #stop(): void {
    this.#abort.abort(stopped);
    this.#upload?.fail(stopped);
    this.#response?.cancel(stopped);
  }

  #close(delivered: boolean): void {
    this.#state = "closed";
    this.#sink.closed(delivered);
    this.#ended();
  }
}

/** Who answers, fetch does not tell. */
function peerUnder(scheme: string): Peer {
  return { address: "", tls: scheme === "https", certificate: () => null };
}

function ignore(): void {}
