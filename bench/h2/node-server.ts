// A bare node:http2 server, which does the same as engine-server.ts.
import { once } from "node:events";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { answer } from "../../test/support/program-answers.ts";
import { usage } from "../usage.ts";
import { certificate, reply } from "./call.ts";

const nothing = (): void => {};
/** Its default, in MiB, holds fewer streams than are tried. */
const options = { maxSessionMemory: 1024 };

const serve = (stream: ServerHttp2Stream): void => {
  stream.on("error", nothing);
  stream.on("data", nothing);
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(reply);
  });
};

answer({
  ...usage,
  listen: async (isTls: boolean): Promise<number> => {
    const server = isTls ? createSecureServer({ ...certificate(), ...options }) : createServer(options);
    server.on("stream", serve).on("sessionError", nothing);
    await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 8192 }), "listening");
    return (server.address() as AddressInfo).port;
  },
});
