import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { connectTransport, memoryConnector, protocolByName } from "@millrace/core/host";
import { ErrorCode } from "@millrace/exchange";
import type { Accept, ServerExchange } from "@millrace/exchange";
import { poisonConnector } from "@millrace/exchange/contract";
import type { Target } from "../target.ts";
import { asked, makeCall } from "./call-asked.ts";
import type { Received } from "./call-asked.ts";
import { inShort } from "./coded.ts";
import { headAndEnvelopes } from "./enveloped.ts";
import { readHeadText } from "./head-text.ts";
import { pieces } from "./pieces.ts";
import { stillHost } from "./still-host.ts";
import { fields as headFields, rpcWords } from "./words.ts";

/**
 * A whole response to a client without a network under it. The first line says what was asked, the status, and what becomes
 * of the exchange behind the body: `watch grpc proto 200 end`.
 */
export const response: Target = {
  words: [
    ...rpcWords,
    ...headFields.flatMap(([name, value]) => [`${name}: ${value}\n`, `~${name}: ${value}\n`]),
  ],
  shape: headAndEnvelopes,
  async run(input) {
    const { first, body } = readHeadText(input);
    const whole = await receive(input, [body]);
    assert.deepEqual(await receive(input, pieces(body)), whole);
    const { metadata, messages, error } = whole;
    const what = Object.values(asked(first)).join(" ");
    return `${what} ${Math.min(messages.length, 3)} ${Math.min(metadata.length, 3)} ${inShort(error)}`;
  },
};

/** Makes the call whose response this is, the body in these chunks. */
export async function receive(input: Uint8Array, chunks: readonly Uint8Array[]): Promise<Received> {
  const { first, fields, trailers } = readHeadText(input);
  const call = asked(first);
  const status = /^[2-9]\d\d$/.test(first[3] ?? "") ? Number(first[3]) : 200;
  const answer: Accept = (exchange) => {
    void respond(exchange, status, fields, chunks).then(() => {
      if (first[4] === "reset") exchange.reset(ErrorCode.INTERNAL_ERROR);
      else if (first[4] === "cut") connector.cut();
      else exchange.end(trailers);
    });
    return deaf;
  };
  const connector = memoryConnector(answer, stillHost);
  const transport = connectTransport(
    {
      host: stillHost,
      connector: poisonConnector(connector),
      protocol: protocolByName(call.protocol),
      scheme: "http",
      authority: "fuzz",
      basePath: "",
      userAgent: undefined,
    },
    { codec: call.codec },
  );
  return makeCall(call, transport);
}

async function respond(
  exchange: ServerExchange,
  status: number,
  fields: readonly string[],
  chunks: readonly Uint8Array[],
): Promise<void> {
  await turn();
  exchange.respond(status, fields);
  exchange.flush();
  await turn();
  for (const chunk of chunks) {
    exchange.write(chunk);
    // What was sent arrives before the next.
    await turn();
  }
}

const deaf = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
