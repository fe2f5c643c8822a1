import { build } from "esbuild";
import { expect, test } from "vitest";

/** The files of core that a bundle of this program carries. */
async function carried(program: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    external: ["@bufbuild/protobuf"],
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output!.inputs)
    .filter(([path, { bytesInOutput }]) => path.startsWith("packages/core/src/") && bytesInOutput > 0)
    .map(([path]) => path.slice("packages/core/src/".length));
}

/** The protocols among them. */
function protocolsOf(files: readonly string[]): string[] {
  const folders = files.map((file) => /^protocol\/([^/]+)\//.exec(file)?.[1]);
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
  const files = await carried(client(protocol));
  expect(protocolsOf(files)).toEqual(folders);
  expect(files.filter((file) => /^(call\/server|memory)\/|\/server(-call)?\.ts$/.test(file))).toEqual([]);
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
  const files = await carried(server(protocol));
  expect(protocolsOf(files)).toEqual(folders);
  expect(files.filter((file) => /^(call\/client|memory)\/|\/client\.ts$/.test(file))).toEqual([]);
});
