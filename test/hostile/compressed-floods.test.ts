// Few bytes that unpack to many, message behind message: they cost their own call its time, and nobody else theirs.
import { brotliCompressSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createClient, createTransport } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { envelope, longGreeting } from "../support/bytes.ts";
import { said } from "../support/answer.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import { collect } from "../support/wires.ts";

expectQuiet();

const packers = { br: brotliCompressSync, zstd: zstdCompressSync };
const unpacked = longGreeting(262_128);

describe.each(carriages.filter(({ byFetch }) => !byFetch))("$name", (carriage) => {
  test.each(["br", "zstd"] as const)("others are served while a flood of %s is unpacked", async (name) => {
    const handlers = {
      async collect(requests: AsyncIterable<unknown>) {
        let count = 0n;
        for await (const _ of requests) count++;
        return { count };
      },
    };
    await using server = await served(carriage, greeter(handlers));
    await using transport = createTransport({
      baseUrl: `http://127.0.0.1:${server.port}`,
      httpVersion: carriage.http,
    });
    const client = createClient(GreetService, transport);
    await client.greet({});

    // 64 MiB in 8 kB.
    const body = Buffer.concat(Array<Buffer>(256).fill(envelope(1, packers[name](unpacked))));
    const headers = ["content-type", "application/connect+proto", "connect-content-encoding", name];
    let over = false;
    const flood = server.ask({ path: collect, headers, body }).finally(() => (over = true));
    let answered = 0;
    while (!over) {
      await client.greet({});
      answered++;
    }
    expect(said(await flood).code).toBe("ok");
    // Four messages fill a turn, and a call takes few turns.
    expect(answered).toBeGreaterThan(5);
  });
});
