import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { implementPartial, serve } from "@millrace/node";
import { expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { pem } from "../support/pem.ts";

const program = fileURLToPath(new URL("programs/one-call.ts", import.meta.url));

/** What the program prints until it ends by itself. */
async function printed(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { timeout: 30_000 });
  return stdout;
}

test.each([
  ["http", "connect", ""],
  ["http", "connect", "2"],
  ["http", "grpc", ""],
  ["https", "grpc-web", ""],
  ["https", "connect", "1.1"],
])(
  "a client ends when its calls have, its transport open: %s, %s, HTTP version %j",
  async (scheme, protocol, httpVersion) => {
    await using server = await serve({
      host: "127.0.0.1",
      services: [
        implementPartial(GreetService, {
          greet: ({ name }) => ({ greeting: name }),
          async *watch() {
            yield { greeting: "one" };
            yield { greeting: "two" };
          },
        }),
      ],
      ...(scheme === "https" ? { tls: { key: pem("server-key"), cert: pem("server") } } : {}),
    });
    const url = server.url.replace("127.0.0.1", "localhost");
    const tls = scheme === "https" ? [pem("ca")] : [];
    expect(await printed("client", url, protocol, httpVersion, ...tls)).toBe("once\none\ntwo\n");
  },
);

test("a server ends when it is closed, a client of it open", async () => {
  expect(await printed("server")).toBe("once\n");
});
