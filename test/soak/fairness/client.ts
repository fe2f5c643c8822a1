// A client that moves a body over one connection, and makes small calls over that one and over another meanwhile.
import { createClient, createTransport } from "@millrace/node";
import type { Protocol } from "@millrace/node";
import { FileService, type FileServiceClient } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { answer } from "../../support/program-answers.ts";
import { type Bulk, move } from "../bulk/move.ts";

/** Milliseconds that small calls took, one after the other, while the body moved. */
export interface Latencies {
  readonly same: readonly number[];
  readonly other: readonly number[];
  /** How long the body took, in seconds. */
  readonly seconds: number;
}

let clients: readonly [FileServiceClient, FileServiceClient];

async function connect({ baseUrl, protocol }: { baseUrl: string; protocol: Protocol }): Promise<void> {
  // A transport has a connection of its own.
  const one = (): FileServiceClient =>
    createClient(FileService, createTransport({ baseUrl, protocol, httpVersion: "2" }));
  clients = [one(), one()];
  for (const client of clients) await client.stat({ path: "first" });
}

async function latency(client: FileServiceClient): Promise<number> {
  const start = performance.now();
  await client.stat({ path: "small" });
  return performance.now() - start;
}

/** Small calls in turn on the connection that the body moves over, and on the other, until it has moved. */
async function round(bulk: Bulk): Promise<Latencies> {
  const same: number[] = [];
  const other: number[] = [];
  let isMoving = true;
  const start = performance.now();
  const moving = move(clients[0], bulk).finally(() => (isMoving = false));
  // Whatever becomes of it is told below.
  moving.catch(() => {});
  while (isMoving) {
    same.push(await latency(clients[0]));
    other.push(await latency(clients[1]));
  }
  await moving;
  return { same, other, seconds: (performance.now() - start) / 1000 };
}

answer({ connect, round });
