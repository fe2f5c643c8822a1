import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { CallEnd } from "@millrace/core";
import { createAccept, memoryConnector, serverProtocols } from "@millrace/core/host";
import { firstField } from "@millrace/exchange";
import type { ClientSink, Fault, Fields, Head } from "@millrace/exchange";
import { poisonAccept } from "@millrace/exchange/contract";
import { said } from "../../support/answer.ts";
import type { Answer } from "../../support/answer.ts";
import { mapOf } from "../../support/fields.ts";
import { greeter } from "../../support/greeter.ts";
import type { Target } from "../target.ts";
import { headAndEnvelopes } from "./enveloped.ts";
import { readHeadText } from "./head-text.ts";
import { pieces } from "./pieces.ts";
import { stillHost } from "./still-host.ts";
import { fields as headFields, rpcWords } from "./words.ts";

/** A whole request, head and body, to a server without a network under it. */
export const request: Target = {
  words: [...rpcWords, ...headFields.map(([name, value]) => `${name}: ${value}\n`)],
  shape: headAndEnvelopes,
  async run(input) {
    const { body, fields } = readHeadText(input);
    const whole = await ask(input, [body]);
    const again = await ask(input, pieces(body));
    // Of a request that cannot be read to its end, how much is served may hang on how it comes; in text, also the error.
    if (!isText(fields)) assert.equal(again.code, whole.code);
    else assert.equal(again.code === "ok", whole.code === "ok");
    if (whole.code === "ok") assert.deepEqual(again.answer, whole.answer);
    return `${whole.answer.status} ${whole.said}`;
  },
};

/** What came of a request. */
export interface Asked {
  /** How its call ended; `none` if it never became one. */
  readonly code: string;
  readonly answer: Answer;
  /** The answer as its protocol has it. */
  readonly said: string;
}

/** Sends a request, its body in these chunks, and reads the answer. Throws if the server has done anything but answer. */
export async function ask(input: Uint8Array, chunks: readonly Uint8Array[]): Promise<Asked> {
  const { first, fields } = readHeadText(input);
  const [method = "", target = "", http = "2"] = first;
  const mark = target.indexOf("?");
  const ends: CallEnd[] = [];
  let begun = 0;
  const app = greeter(
    {},
    {
      onError: (error) => stillHost.report("a call failed", error),
      observers: [
        () => {
          begun++;
          return { end: (end) => void ends.push(end) };
        },
      ],
    },
  );
  const caps = http === "1.1" ? ({ http, trailers: false, resets: false, request: "half" } as const) : {};
  const connector = memoryConnector(poisonAccept(createAccept(stillHost, serverProtocols, app)), stillHost, {
    caps,
  });
  const head = {
    method,
    scheme: "http",
    authority: "fuzz",
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? "" : target.slice(mark + 1),
    fields,
    memo: undefined,
  };
  const answering = new Answering();
  const exchange = connector.open(head, undefined, { deadline: Infinity, attempt: 0 }, answering);
  for (const chunk of chunks) {
    exchange.write(chunk);
    // What was sent arrives before the next.
    await turn();
  }
  exchange.end(null);
  const answer = await answering.answer;
  await turn();
  assert.equal(ends.length, begun, "a call that does not end");
  const { status, headers } = answer;
  assert.ok(headers.get("content-type") !== undefined || status !== 200);
  const isCall = status === 200 || headers.get("content-type") === "application/json";
  const { code, messages } = isCall ? said(answer) : { code: "refused", messages: [] };
  return {
    code: ends[0] === undefined ? "none" : (ends[0].error?.code ?? "ok"),
    answer,
    said: `${headers.get("content-type")} ${code} ${Math.min(messages.length, 3)}`,
  };
}

function isText(fields: Fields): boolean {
  return firstField(fields, "content-type")?.toLowerCase().includes("text") ?? false;
}

/** Gathers a response. */
class Answering implements ClientSink {
  #status = 0;
  #headers = new Map<string, string>();
  readonly #chunks: Uint8Array[] = [];
  #trailers: ReadonlyMap<string, string> | null = null;
  #fault: Fault | undefined;
  readonly #closed = Promise.withResolvers<Answer>();

  get answer(): Promise<Answer> {
    return this.#closed.promise;
  }

  sent(): void {}

  inform(): void {}

  head(status: number, { fields }: Head): void {
    this.#status = status;
    this.#headers = mapOf(fields);
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#chunks.push(chunk.slice(start, end));
  }

  end(trailers: Fields | null): void {
    this.#trailers = trailers === null ? null : mapOf(trailers);
  }

  fault(fault: Fault): void {
    this.#fault = fault;
  }

  writable(): void {}

  closed(): void {
    if (this.#status === 0) this.#closed.reject(new Error("no answer", { cause: this.#fault }));
    else
      this.#closed.resolve({
        status: this.#status,
        headers: this.#headers,
        body: Buffer.concat(this.#chunks),
        trailers: this.#trailers,
      });
  }
}
