import { join } from "node:path";
import { certificate, descriptorSet, grpcurl, protoFolder, root } from "./paths.ts";
import type { Command } from "./program.ts";

/** A call from a command line: a method of TestService, its requests as JSON, and request headers. */
export interface Call {
  readonly method: string;
  readonly requests: readonly object[];
  readonly headers?: readonly string[] | undefined;
  /** Whether headers and trailers of the response are wanted, too. */
  readonly verbose?: boolean | undefined;
}

/** A program that makes such calls, over one protocol and one version of HTTP. */
export interface Curl {
  readonly peer: string;
  readonly carriage: string;
  readonly tls: boolean;
  /** HTTP/1.1 has no bidi. */
  readonly bidi: boolean;
  readonly command: (call: Call, port: number) => Command;
  /** How a header and a trailer look in what it writes when it is verbose. Undefined: it does not show trailers. */
  readonly header: (name: string, value: string) => RegExp;
  readonly trailer: ((name: string, value: string) => RegExp) | undefined;
  /** Its exit code for an error with a code of gRPC. */
  readonly exitCode: (code: number) => number;
  /** What it writes to standard error for an error: both names of the code are given. */
  readonly error: (code: string, codeInCamelCase: string, message: string) => string;
}

const grpcurls: readonly Curl[] = [false, true].map((tls) => ({
  peer: "grpcurl",
  carriage: tls ? "TLS" : "cleartext",
  tls,
  bidi: true,
  command: ({ method, requests, headers = [], verbose }, port) => ({
    program: grpcurl,
    args: [
      ...(tls ? ["-cacert", certificate.ca, "-authority", certificate.serverName] : ["-plaintext"]),
      ...["-import-path", protoFolder, "-proto", "interop/test.proto"],
      ...headers.flatMap((header) => ["-H", header]),
      ...(verbose === true ? ["-v"] : []),
      ...["-d", "@", `127.0.0.1:${port}`, `grpc.testing.TestService/${method}`],
    ],
    input: jsonLines(requests),
  }),
  header: (name, value) => new RegExp(`^Response headers received:\\n(.+\\n)*${name}: ${value}$`, "m"),
  trailer: (name, value) => new RegExp(`^Response trailers received:\\n(.+\\n)*${name}: ${value}$`, "m"),
  exitCode: (code) => 64 + code,
  error: (_, code, message) => `ERROR:\n  Code: ${code}\n  Message: ${message}\n`,
}));

type Http = "HTTP/1.1" | "h2c" | "TLS";

function bufCurl(protocol: "connect" | "grpc" | "grpcweb", http: Http): Curl {
  const tls = http === "TLS";
  // connect-go sees the trailers of gRPC and of unary Connect calls in HTTP's; gRPC-Web's are in the body.
  const prefix = { connect: "trailer-", grpc: "", grpcweb: undefined }[protocol];
  const shown = (name: string, value: string): RegExp =>
    new RegExp(`^buf: < \\(#1\\) ${name}: ${value}$`, "im");
  return {
    peer: "buf curl",
    carriage: `${protocol} ${http}`,
    tls,
    bidi: http !== "HTTP/1.1",
    command: ({ method, requests, headers = [], verbose }, port) => ({
      program: join(root, "node_modules/.bin/buf"),
      args: [
        ...["curl", "--schema", descriptorSet, "--protocol", protocol],
        ...(tls ? ["--cacert", certificate.ca, "--servername", certificate.serverName] : []),
        ...(http === "h2c" ? ["--http2-prior-knowledge"] : []),
        ...headers.flatMap((header) => ["-H", header]),
        ...(verbose === true ? ["-v"] : []),
        ...["-d", "@-", `http${tls ? "s" : ""}://127.0.0.1:${port}/grpc.testing.TestService/${method}`],
      ],
      input: jsonLines(requests),
    }),
    header: shown,
    trailer: prefix === undefined ? undefined : (name, value) => shown(`${prefix}${name}`, value),
    exitCode: (code) => 8 * code,
    error: (code, _, message) => `${JSON.stringify({ code, message }, null, 3)}\n`,
  };
}

export const curls: readonly Curl[] = [
  ...grpcurls,
  ...(["connect", "grpcweb"] as const).map((protocol) => bufCurl(protocol, "HTTP/1.1")),
  ...(["connect", "grpc", "grpcweb"] as const).flatMap((protocol) => [
    bufCurl(protocol, "h2c"),
    bufCurl(protocol, "TLS"),
  ]),
];

function jsonLines(messages: readonly object[]): string {
  return messages.map((message) => `${JSON.stringify(message)}\n`).join("");
}
