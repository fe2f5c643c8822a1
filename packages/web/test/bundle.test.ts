import { build } from "esbuild";
import { expect, test } from "vitest";

/** The files of ours that a bundle of this program carries, by package. */
async function carried(program: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    external: ["@bufbuild/protobuf"],
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output!.inputs)
    .filter(([path, { bytesInOutput }]) => path.startsWith("packages/") && bytesInOutput > 0)
    .map(([path]) => path.slice("packages/".length).replace("/src/", "/"));
}

const client = (protocol: string): string => `
  import { createClient, createTransport, ${protocol} } from "@millrace/web";
  import { GreetServiceLite } from "../../../gen/greet/v1/greet_millrace.ts";
  globalThis.greeter = createClient(
    GreetServiceLite,
    createTransport({ baseUrl: "https://host.test", protocol: ${protocol} }),
  );
`;

test.each([
  ["connect", /^core\/protocol\/grpc/],
  ["grpcWeb", /^core\/protocol\/connect\//],
])(
  "a client of %s carries no other protocol, no server and no transport in memory",
  async (protocol, other) => {
    const files = await carried(client(protocol));
    expect(files).toContain("web/client/fetch-exchange.ts");
    const surplus = files.filter((file) => other.test(file) || /\/server[-/.]|^core\/memory/.test(file));
    expect(surplus).toEqual([]);
  },
);

test("a handler carries neither client nor gRPC's own", async () => {
  const files = await carried(`
    import { createFetchHandler, implementPartial } from "@millrace/web";
    import { GreetServiceLite } from "../../../gen/greet/v1/greet_millrace.ts";
    globalThis.handler = createFetchHandler({ services: [implementPartial(GreetServiceLite, {})] });
  `);
  expect(files).toContain("web/server/fetch-server-exchange.ts");
  const surplus = files.filter((file) =>
    /\/client\/|\/client\.ts$|^core\/memory|protocol\/grpc\/server\.ts$/.test(file),
  );
  expect(surplus).toEqual([]);
});
