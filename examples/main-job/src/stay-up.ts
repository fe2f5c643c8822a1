import { serve } from "@millrace/node";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { createApp } from "./app.ts";
import { root } from "./root.ts";
import { tryNext } from "./try-next.ts";

/** Serves until Ctrl-C, then lets the calls that run come to their end. */
export async function stayUp(port: number, stream: Writable): Promise<void> {
  const app = createApp(new Map([["repository", root]]));
  await using server = await serve({ ...app, host: "127.0.0.1", port });
  stream.write(`Serving    ${server.url}/greet.v1.GreetService\n`);
  stream.write(`           ${server.url}/millrace.file.v1.FileService\n`);
  stream.write(`           over Connect, gRPC and gRPC-Web, HTTP/1.1 and HTTP/2; Ctrl-C ends it\n\n`);
  stream.write(tryNext(server.url));
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  stream.write("\nClosing: calls that run have 5 seconds to end\n");
  await server.close({ graceMs: 5000 });
}
