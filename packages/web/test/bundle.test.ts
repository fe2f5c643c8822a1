import { expect, test } from "vitest";
import { carried } from "../../../test/support/carried.ts";

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
    const files = await carried(client(protocol), import.meta.dirname, "browser");
    expect(files).toContain("web/client/fetch-exchange.ts");
    const surplus = files.filter((file) => other.test(file) || /\/server[-/.]|^core\/memory/.test(file));
    expect(surplus).toEqual([]);
  },
);

test("a handler carries neither client nor gRPC's own", async () => {
  const files = await carried(
    `
    import { createFetchHandler, implementPartial } from "@millrace/web";
    import { GreetServiceLite } from "../../../gen/greet/v1/greet_millrace.ts";
    globalThis.handler = createFetchHandler({ services: [implementPartial(GreetServiceLite, {})] });
  `,
    import.meta.dirname,
    "browser",
  );
  expect(files).toContain("web/server/fetch-server-exchange.ts");
  const surplus = files.filter((file) =>
    /\/client\/|\/client\.ts$|^core\/memory|protocol\/grpc\/server\.ts$/.test(file),
  );
  expect(surplus).toEqual([]);
});
