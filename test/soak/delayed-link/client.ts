// A client that moves a body over a connection of its own.
import { createClient, createTransport } from "@millrace/node";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { answer } from "../../support/program-answers.ts";
import { type Bulk, move } from "../bulk/move.ts";

/** Gives seconds, from when the connection stands. */
async function transfer({ port, ...bulk }: Bulk & { port: number }): Promise<number> {
  const transport = createTransport({ baseUrl: `http://127.0.0.1:${port}`, protocol: "grpc" });
  const client = createClient(FileService, transport);
  await client.stat({ path: "first" });
  const start = performance.now();
  await move(client, bulk);
  const seconds = (performance.now() - start) / 1000;
  await transport.close();
  return seconds;
}

answer({ transfer });
