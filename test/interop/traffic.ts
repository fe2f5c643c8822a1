import assert from "node:assert/strict";
import { largeRequestSize, largeResponseSize, requestSizes, responseSizes } from "./test-values.ts";
import type { Relay } from "./relay.ts";

/** What a case sends one way, in bytes of payload: what its sender may compress, and what it is told not to. */
interface Payloads {
  readonly compressible: number;
  readonly plain: number;
}

interface Traffic {
  readonly requests: Payloads;
  readonly responses: Payloads;
}

const nothing: Payloads = { compressible: 0, plain: 0 };
const allRequests: Payloads = { compressible: sum(requestSizes), plain: 0 };
const allResponses: Payloads = { compressible: sum(responseSizes), plain: 0 };

/** The cases of which it is checked, from outside, what was compressed. */
export const traffic: Readonly<Record<string, Traffic>> = {
  large_unary: {
    requests: { compressible: largeRequestSize, plain: 0 },
    responses: { compressible: largeResponseSize, plain: 0 },
  },
  client_streaming: { requests: allRequests, responses: nothing },
  server_streaming: { requests: nothing, responses: allResponses },
  ping_pong: { requests: allRequests, responses: allResponses },
  client_compressed_unary: {
    requests: { compressible: largeRequestSize, plain: 2 * largeRequestSize },
    responses: { compressible: 2 * largeResponseSize, plain: 0 },
  },
  client_compressed_streaming: {
    requests: { compressible: 27_182, plain: 27_182 + 45_904 },
    responses: nothing,
  },
  server_compressed_unary: {
    requests: { compressible: 2 * largeRequestSize, plain: 0 },
    responses: { compressible: largeResponseSize, plain: largeResponseSize },
  },
  server_compressed_streaming: {
    requests: nothing,
    responses: { compressible: 31_415, plain: 92_653 },
  },
};

/** For all that is no payload: frames, headers, windows, and the few bytes that so many zeros are compressed to. */
const overhead = 8192;

/** Throws unless just that was compressed which had to be: payloads are zeros, so that the bytes on the wire tell. */
export function checkTraffic(
  testCase: string,
  compressed: { readonly requests: boolean; readonly responses: boolean },
  { up, down }: Relay,
): void {
  const { requests, responses } = traffic[testCase]!;
  check("from client to server", up, requests, compressed.requests);
  check("from server to client", down, responses, compressed.responses);
}

function check(way: string, bytes: number, { compressible, plain }: Payloads, compressed: boolean): void {
  const least = plain + (compressed ? 0 : compressible);
  const right = bytes >= least && bytes < least + overhead;
  assert.ok(right, `${bytes} bytes went ${way}: ${least} and less than ${overhead} more were to go`);
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
