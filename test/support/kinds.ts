// What §6 to §10 say of every protocol: a response with one message, as each of them has it.
import type { Protocol } from "@millrace/node";
import { envelope, utf8 } from "./bytes.ts";
import { greetOnce, watchAll } from "./our-client.ts";
import type { Reply } from "./reply.ts";
import { type } from "./table.ts";
import type { Subject } from "./table.ts";

/** A kind of response. */
export interface Kind extends Omit<Subject, "good"> {
  readonly name: string;
  readonly protocol: Protocol;
  /** The media type of binary messages, of JSON, and what is another protocol's. */
  readonly binary: string;
  readonly json: string;
  readonly foreign: readonly string[];
  /** The field that names a compression. */
  readonly encoding: string;
  /** A body of these messages, as they lie in it, and what ends it well. */
  respond(messages: readonly Uint8Array[], encoding?: string): Reply;
  /** A response with an error, and nothing else. */
  fail(code: number, name: string, message: string): Reply;
}

const both = ["1.1", "2"] as const;
const ended = envelope(2, "{}");
const statusOk = envelope(0x80, "grpc-status: 0\r\n");

/** A message as a kind of response has it; `packed`: it is compressed. */
export function framed(kind: Kind, payload: Uint8Array | string, packed = false): Uint8Array {
  return kind.name === "Connect unary" ? utf8OrBytes(payload) : envelope(packed ? 1 : 0, payload);
}

/** Whether our client over fetch unpacks this compression itself: fetch has unpacked content codings before it. */
export function unpacksOverFetch(kind: Kind, compression: string): boolean {
  return kind.name !== "Connect unary" && ["gzip", "deflate"].includes(compression);
}

function utf8OrBytes(payload: Uint8Array | string): Uint8Array {
  return typeof payload === "string" ? utf8(payload) : payload;
}

export const kinds: readonly Kind[] = [
  {
    name: "Connect unary",
    protocol: "connect",
    https: both,
    run: greetOnce,
    binary: "application/proto",
    json: "application/json",
    foreign: ["text/html", "application/connect+proto", "application/grpc", "application/grpc-web+proto", ""],
    encoding: "content-encoding",
    respond: (messages, encoding) => ({
      headers: type("application/proto", ...(encoding === undefined ? [] : ["content-encoding", encoding])),
      body: Buffer.concat(messages),
    }),
    fail: (_code, name, message) => ({
      status: 500,
      headers: type("application/json"),
      body: utf8(JSON.stringify({ code: name, message })),
    }),
  },
  {
    name: "a Connect stream",
    protocol: "connect",
    https: both,
    run: watchAll,
    binary: "application/connect+proto",
    json: "application/connect+json",
    foreign: ["text/html", "application/proto", "application/json", "application/grpc", ""],
    encoding: "connect-content-encoding",
    respond: (messages, encoding) => ({
      headers: type(
        "application/connect+proto",
        ...(encoding === undefined ? [] : ["connect-content-encoding", encoding]),
      ),
      body: Buffer.concat([...messages, ended]),
    }),
    fail: (_code, name, message) => ({
      headers: type("application/connect+proto"),
      body: envelope(2, JSON.stringify({ error: { code: name, message } })),
    }),
  },
  {
    name: "gRPC",
    protocol: "grpc",
    https: ["2"],
    run: greetOnce,
    binary: "application/grpc+proto",
    json: "application/grpc+json",
    foreign: ["text/html", "application/grpc-web", "application/proto", "application/grpcx", ""],
    encoding: "grpc-encoding",
    respond: (messages, encoding) => ({
      headers: type("application/grpc", ...(encoding === undefined ? [] : ["grpc-encoding", encoding])),
      body: Buffer.concat(messages),
      trailers: ["grpc-status", "0"],
    }),
    fail: (code, _name, message) => ({
      headers: type("application/grpc", "grpc-status", String(code), "grpc-message", message),
    }),
  },
  {
    name: "gRPC-Web",
    protocol: "grpc-web",
    https: both,
    run: greetOnce,
    binary: "application/grpc-web+proto",
    json: "application/grpc-web+json",
    foreign: ["text/html", "application/grpc", "application/grpc-web-text", "application/proto", ""],
    encoding: "grpc-encoding",
    respond: (messages, encoding) => ({
      headers: type("application/grpc-web", ...(encoding === undefined ? [] : ["grpc-encoding", encoding])),
      body: Buffer.concat([...messages, statusOk]),
    }),
    fail: (code, _name, message) => ({
      headers: type("application/grpc-web"),
      body: envelope(0x80, `grpc-status: ${code}\r\ngrpc-message: ${message}\r\n`),
    }),
  },
];
