// The server of a transfer: FileService on a folder, at a pace that is told.
import { implement, serve } from "@millrace/node";
import type { Init, Server } from "@millrace/node";
import { createFileService } from "../../../examples/main-job/src/file-service.ts";
import { peakMemory } from "../../../examples/main-job/src/peak-memory.ts";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import type { FileServiceHandlers } from "../../../gen/millrace/file/v1/file_millrace.ts";
import type { DownloadResponse } from "../../../gen/millrace/file/v1/file_pb.ts";
import { answer } from "../../support/program-answers.ts";
import { idleMemory } from "./peak.ts";
import { Pace } from "./pace.ts";
import type { Gait } from "./pace.ts";

let pace = new Pace({ slow: false, stops: [] });
let server: Server | undefined;

async function listen(folder: string): Promise<string> {
  const files = createFileService(new Map([["sample", folder]]));
  const { handlers } = files["~implementation"] as { readonly handlers: FileServiceHandlers };
  const paced = implement(FileService, {
    ...handlers,
    upload: (requests, call) => {
      const taken = pace.through(requests);
      const receive = async () => (await taken.next()).value;
      return handlers.upload({ receive, [Symbol.asyncIterator]: () => taken }, call);
    },
    download: (request, call) =>
      pace.through(
        handlers.download(request, call) as AsyncIterable<Init<DownloadResponse> & { data: Uint8Array }>,
      ),
  });
  server = await serve({ services: [paced], host: "127.0.0.1", port: 0 });
  return server.url;
}

answer({
  listen,
  idle: idleMemory,
  pace: (gait: Gait) => void (pace = new Pace(gait)),
  standing: () => pace.standing,
  go: () => pace.go(),
  peak: peakMemory,
});
