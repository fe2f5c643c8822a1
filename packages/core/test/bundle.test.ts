import { expect, test } from "vitest";
import { carried } from "../../../test/support/carried.ts";

/** The protocols among them. */
function protocolsOf(files: readonly string[]): string[] {
  const folders = files.map((file) => /^core\/protocol\/([^/]+)\//.exec(file)?.[1]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).toSorted();
}

const client = (protocol: string): string => `
  import { createClient } from "@millrace/core";
  import { connectTransport, ${protocol} } from "@millrace/core/host";
  import { GreetServiceLite } from "../../../gen/greet/v1/greet_millrace.ts";
  globalThis.greeter = (parts) =>
    createClient(GreetServiceLite, connectTransport({ ...parts, protocol: ${protocol} }, {}));
`;

test.each([
  ["connectClient", ["connect"]],
  ["grpcClient", ["grpc"]],
  // gRPC-Web is gRPC with its trailers in the body.
  ["grpcWebClient", ["grpc", "grpc-web"]],
])("a client of %s carries that protocol alone, and no server", async (protocol, folders) => {
  const files = await carried(client(protocol), import.meta.dirname, "neutral");
  expect(protocolsOf(files)).toEqual(folders);
  expect(files.filter((file) => /^core\/(call\/server|memory)\/|\/server(-call)?\.ts$/.test(file))).toEqual(
    [],
  );
});

test("a client that speaks binary alone carries no descriptor, and nothing that goes by one", async () => {
  const files = await carried(client("connectClient"), import.meta.dirname, "neutral");
  expect(files.filter((file) => file.startsWith("core/wire/"))).not.toEqual([]);
  expect(files.filter((file) => /^core\/(reflect|wkt)\//.test(file))).toEqual([]);
});

const server = (protocol: string): string => `
  import { implementPartial } from "@millrace/core";
  import { createAccept, ${protocol} } from "@millrace/core/host";
  import { GreetServiceLite } from "../../../gen/greet/v1/greet_millrace.ts";
  globalThis.accept = (host, handlers) =>
    createAccept(host, [${protocol}], { services: [implementPartial(GreetServiceLite, handlers)] });
`;

test.each([
  ["connectServer", ["connect"]],
  ["grpcServer", ["grpc"]],
  ["grpcWebServer", ["grpc", "grpc-web"]],
])("a server of %s carries that protocol alone, and no client", async (protocol, folders) => {
  const files = await carried(server(protocol), import.meta.dirname, "neutral");
  expect(protocolsOf(files)).toEqual(folders);
  expect(files.filter((file) => /^core\/(call\/client|memory)\/|\/client\.ts$/.test(file))).toEqual([]);
});
