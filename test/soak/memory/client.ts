// The client of a transfer, at a pace that is told.
import { createClient, createTransport } from "@millrace/node";
import type { Transport } from "@millrace/node";
import { createHash } from "node:crypto";
import type { Carriage } from "../../../examples/main-job/src/carriages.ts";
import { peakMemory } from "../../../examples/main-job/src/peak-memory.ts";
import { readChunks } from "../../../examples/main-job/src/read-chunks.ts";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import type { FileServiceClient } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { answer } from "../../support/program-answers.ts";
import { idleMemory } from "./peak.ts";
import { Pace } from "./pace.ts";
import type { Gait } from "./pace.ts";

/** What came at the other end. */
export interface Arrived {
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

let pace = new Pace({ slow: false, stops: [] });
let transport: Transport;
let files: FileServiceClient;

/** Also makes the connection, and loads what loads late: a call of each kind that will be measured. */
async function connect({ baseUrl, carriage }: { baseUrl: string; carriage: Carriage }): Promise<void> {
  transport = createTransport({ baseUrl, ...carriage });
  files = createClient(FileService, transport);
  await files.stat({ path: "sample/random.bin" });
}

async function upload(place: string): Promise<Arrived> {
  const call = files.upload();
  for await (const data of readChunks(place)) {
    await pace.step(data.byteLength);
    if (!(await call.send({ data }))) break;
  }
  const { size, sha256 } = await call.finish();
  return { size: Number(size), sha256: Buffer.from(sha256).toString("hex") };
}

async function download(): Promise<Arrived> {
  const digest = createHash("sha256");
  let size = 0;
  const call = files.download({ path: "sample/random.bin" });
  for await (const { data } of call) {
    digest.update(data);
    size += data.byteLength;
    await pace.step(data.byteLength);
  }
  const sha256 = digest.digest("hex");
  const told = Buffer.from((await call.trailers).getBinary("sha256-bin") ?? []).toString("hex");
  if (told !== sha256) throw new Error(`the trailer sha256-bin is ${told}, what came hashes to ${sha256}`);
  return { size, sha256 };
}

answer({
  connect,
  idle: idleMemory,
  pace: (gait: Gait) => void (pace = new Pace(gait)),
  upload,
  download,
  standing: () => pace.standing,
  go: () => pace.go(),
  peak: peakMemory,
});
