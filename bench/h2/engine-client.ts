// The engine's client: it keeps so many calls under way on one connection. See ../usage.ts.
import { once } from "node:events";
import { connect } from "node:net";
import type { ClientSink, Fault, Head } from "@millrace/exchange";
import { ClientConnection, limitsFrom, WindowBudget } from "@millrace/http2";
import { nodeRuntime, SocketDuplex } from "@millrace/http2/node";
import { answer } from "../../test/support/program-answers.ts";
import type { Answered } from "../load/answered.ts";
import { usage } from "../usage.ts";
import { path, request } from "./call.ts";
import { measured, type Work } from "./client-work.ts";

const limits = limitsFrom();
const budget = new WindowBudget(64 * 1024 * 1024);
const hints = { deadline: Infinity, attempt: 0 };
const fields = ["content-type", "application/grpc", "te", "trailers"];

/** One call. */
class Call implements ClientSink {
  readonly #done: (failure: string | undefined) => void;
  #status = 0;
  #bytes = 0;
  #trailers: readonly string[] | null = null;
  #fault: Fault | undefined;

  constructor(done: (failure: string | undefined) => void) {
    this.#done = done;
  }
  sent(): void {}
  inform(): void {}
  head(status: number, _head: Head): void {
    this.#status = status;
  }
  data(_chunk: Uint8Array, start: number, end: number): void {
    this.#bytes += end - start;
  }
  end(trailers: readonly string[] | null): void {
    this.#trailers = trailers;
  }
  fault(fault: Fault): void {
    this.#fault = fault;
  }
  writable(): void {}
  closed(): void {
    const isRight = this.#status === 200 && this.#trailers !== null && this.#trailers[1] === "0";
    this.#done(isRight ? undefined : (this.#fault?.text ?? `status ${this.#status}, ${this.#bytes} bytes`));
  }
}

answer({
  ...usage,
  calls: async (work: Work): Promise<Answered> => {
    const authority = `127.0.0.1:${work.port}`;
    const socket = connect({ port: work.port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const connection = new ClientConnection(new SocketDuplex(socket), nodeRuntime, limits, budget, {
      peer: { address: authority, tls: false, certificate: () => null },
      name: authority,
    });
    const answered = await measured(work, (done) => {
      const head = { method: "POST", scheme: "http", authority, path, query: "", fields, memo: undefined };
      connection.open(head, request, hints, new Call(done));
    });
    await connection.close(1000);
    return answered;
  },
});
