import { block } from "../../support/hpack.ts";

/** What stands in heads, of requests and of responses, good and bad: name and value. */
export const fields: readonly (readonly [name: string, value: string])[] = [
  ["content-type", "application/proto"],
  ["content-type", "application/json; charset=utf-8"],
  ["content-type", "application/connect+proto"],
  ["content-type", "application/connect+json"],
  ["content-type", "application/grpc"],
  ["content-type", "application/grpc+json"],
  ["content-type", "application/grpc-web+proto"],
  ["content-type", "application/grpc-web-text"],
  ["content-type", "text/plain"],
  ["content-encoding", "gzip"],
  ["content-encoding", "identity"],
  ["connect-content-encoding", "br"],
  ["grpc-encoding", "zstd"],
  ["grpc-encoding", "snappy"],
  ["accept-encoding", "deflate, gzip;q=0"],
  ["connect-accept-encoding", "gzip"],
  ["grpc-accept-encoding", "identity,gzip"],
  ["connect-timeout-ms", "0"],
  ["connect-timeout-ms", "5000"],
  ["connect-timeout-ms", "1e3"],
  ["grpc-timeout", "0n"],
  ["grpc-timeout", "5S"],
  ["grpc-timeout", "123456789m"],
  ["connect-protocol-version", "1"],
  ["connect-protocol-version", "2"],
  ["grpc-status", "0"],
  ["grpc-status", "5"],
  ["grpc-status", "17"],
  ["grpc-message", "a%20b%"],
  ["grpc-status-details-bin", "CAUSA2EgYg"],
  ["trailer-x", "y"],
  ["x-bin", "AQ==, Ag"],
  ["x-bin", "!"],
  ["x", "\xe4"],
];

/** The words of all three protocols. */
export const rpcWords: readonly string[] = [
  ..."POST GET HEAD /greet.v1.GreetService/ Greet Watch Collect Chat Nope greet watch collect chat".split(
    " ",
  ),
  ..."connect grpc grpc-web proto json end reset cut ?connect=v1&encoding=json&message={}".split(" "),
  ...["\0\0\0\0\0", "\x01\0\0\0\0", "\x02\0\0\0\x02{}", "\x80\0\0\0\x10grpc-status: 0\r\n", "AAAAAAA=", "{}"],
  ...['{"name":"a"}', '{"code":"aborted"}', '{"error":{"code":"aborted"}}', "\x0a\x01a"],
];

/** The words of HTTP/1.1, with those of the protocols. */
export const http1Words: readonly string[] = [
  ...rpcWords,
  ...fields.map(([name, value]) => `${name}: ${value}\r\n`),
  ...["POST /greet.v1.GreetService/Greet HTTP/1.1\r\n", "GET / HTTP/1.0\r\n", "\r\n", "host: fuzz\r\n"],
  ...["HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 503 \r\n", "HTTP/1.1 100 Continue\r\n\r\n"],
  ...["connection: close\r\n", "connection: upgrade\r\nupgrade: h2c\r\n", "expect: 100-continue\r\n"],
  ...["content-length: 0\r\n", "content-length: 5\r\n", "transfer-encoding: chunked\r\n", "0\r\n\r\n"],
  ...["5\r\nhello\r\n", "5;x=y\r\n"],
];

/** The words of HTTP/2: fields as HPACK writes them, and a frame of each type and some more. */
export const http2Words: readonly string[] = [
  ...rpcWords,
  ...[
    ...fields,
    [":status", "200"],
    [":status", "103"],
    [":path", "/"],
    ["te", "trailers"],
    ["connection", "close"],
  ].map((field) => block(...field).toString("latin1")),
  ...Array.from({ length: 12 }, (_, type) => `\0\0\x04${String.fromCharCode(type)}\x05\0\0\0\x01\0\0\0\x01`),
];
