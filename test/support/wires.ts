import { envelope, greeting, utf8 } from "./bytes.ts";

export const greet = "/greet.v1.GreetService/Greet";
export const watch = "/greet.v1.GreetService/Watch";
export const collect = "/greet.v1.GreetService/Collect";
export const chat = "/greet.v1.GreetService/Chat";

/** How one protocol puts a call on the wire. */
export interface Wire {
  readonly name: string;
  /** The carriages that have it. */
  readonly over: readonly string[];
  readonly path: string;
  readonly proto: string;
  readonly json: string;
  readonly timeout: string;
  readonly encoding: string;
  readonly accept: string;
  /** Whether messages are in envelopes. */
  readonly framed: boolean;
  /** What the carriage is given for these bytes of the protocol. */
  body(bytes: Uint8Array): Buffer;
}

const both = ["1.1", "2"];
const plain = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

export const wires: readonly Wire[] = [
  {
    name: "Connect unary",
    over: both,
    path: greet,
    proto: "application/proto",
    json: "application/json",
    timeout: "connect-timeout-ms",
    encoding: "content-encoding",
    accept: "accept-encoding",
    framed: false,
    body: plain,
  },
  {
    name: "a Connect stream",
    over: both,
    path: watch,
    proto: "application/connect+proto",
    json: "application/connect+json",
    timeout: "connect-timeout-ms",
    encoding: "connect-content-encoding",
    accept: "connect-accept-encoding",
    framed: true,
    body: plain,
  },
  ...["grpc", "grpc-web", "grpc-web-text"].map((kind) => ({
    name: { grpc: "gRPC", "grpc-web": "gRPC-Web", "grpc-web-text": "gRPC-Web in text" }[kind] as string,
    over: kind === "grpc" ? ["2"] : both,
    path: greet,
    proto: `application/${kind}+proto`,
    json: `application/${kind}+json`,
    timeout: "grpc-timeout",
    encoding: "grpc-encoding",
    accept: "grpc-accept-encoding",
    framed: true,
    body: (bytes: Uint8Array): Buffer =>
      kind === "grpc-web-text" ? utf8(Buffer.from(bytes).toString("base64")) : Buffer.from(bytes),
  })),
];

/** The body of a good request. */
export function goodBody(wire: Wire): Buffer {
  const message = wire.path === greet ? greeting("Ada") : Buffer.alloc(0);
  return wire.body(wire.framed ? envelope(0, message) : message);
}
