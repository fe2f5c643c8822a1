// A server of bodies of any size, and of small calls beside them.
import { implementPartial, serve } from "@millrace/node";
import { FileService } from "../../../gen/millrace/file/v1/file_millrace.ts";
import { answer } from "../../support/program-answers.ts";
import { chunks } from "./chunks.ts";

const server = await serve({
  services: [
    implementPartial(FileService, {
      stat: ({ path }) => ({ path, size: 1n }),
      // The path is how many MiB.
      download: ({ path }) => chunks(Number(path)),
      upload: async (requests) => {
        let size = 0;
        for await (const { data } of requests) size += data.byteLength;
        return { size: BigInt(size) };
      },
    }),
  ],
  host: "127.0.0.1",
  port: 0,
});

answer({ url: () => server.url });
