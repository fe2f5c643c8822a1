import { readFileSync } from "node:fs";

// One unary gRPC call, as every side of these benchmarks makes and answers it.

export const path = "/bench.v1.EchoService/Unary";
/** A message of 49 bytes behind its envelope's head. */
export const request: Uint8Array = envelope(49);
/** A message of 50 bytes. */
export const reply: Uint8Array = envelope(50);

function envelope(length: number): Uint8Array {
  const bytes = new Uint8Array(5 + length);
  bytes[4] = length;
  return bytes;
}

/** For localhost, of the tests. */
export function certificate(): { key: Buffer; cert: Buffer } {
  const read = (name: string): Buffer =>
    readFileSync(new URL(`../../packages/node/test/tls/${name}.pem`, import.meta.url));
  return { key: read("server-key"), cert: read("server") };
}
