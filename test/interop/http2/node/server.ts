// The same answers by node:http2, until SIGTERM.
import {
  constants,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { serverFlags } from "../flags.ts";

const { tls, window } = serverFlags();
const settings = window === undefined ? {} : { initialWindowSize: window };
let hanging = 0;

const answers: Readonly<Record<string, (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void>> = {
  "/hello": (stream) => whole(stream, "hello\n"),
  "/echo": (stream, headers) => {
    let bytes = 0;
    let trailers: IncomingHttpHeaders = {};
    stream.respond({ ":status": 200, "x-big": headers["x-big"] ?? "" }, { waitForTrailers: true });
    stream.on("trailers", (got: IncomingHttpHeaders) => (trailers = got));
    stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
    stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers, "x-bytes": String(bytes) }));
    stream.pipe(stream);
  },
  "/hang": (stream) => {
    hanging++;
    stream.respond({ ":status": 200 });
    stream.write("h");
    stream.on("close", () => hanging--);
  },
  "/hanging": (stream) => whole(stream, String(hanging)),
  "/reset": (stream) => {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  },
  "/drain": (stream) => {
    stream.session?.close();
    whole(stream, "draining\n");
  },
};

function whole(stream: ServerHttp2Stream, body: string): void {
  void text(stream).then(() => {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(body);
  });
}

const server = tls === undefined ? createServer({ settings }) : createSecureServer({ ...tls, settings });
server.on("stream", (stream, headers) => {
  // A reset is an error here.
  stream.on("error", () => {});
  answers[headers[":path"] ?? ""]?.(stream, headers);
});
server.listen(0, "127.0.0.1", () =>
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`),
);
process.once("SIGTERM", () => process.exit());
