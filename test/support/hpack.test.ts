import { connect } from "node:http2";
import { expect, test } from "vitest";
import { rawServer } from "./raw-server.ts";

test("what another encoder writes is read, table and Huffman included", async () => {
  await using server = await rawServer("2");
  server.act = { headers: [] };
  const session = connect(server.url);
  const printable = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i)).join("");
  // Twice the same, so that the table is used; more than it holds, so that it is emptied.
  for (const value of [printable, printable, "x".repeat(3000), "y".repeat(3000), printable, "\u00e9\u00ff"]) {
    const fields = ["x-one", value, "accept", "a, b", "x-two", `${value}2`];
    const stream = session.request([":path", "/", ...fields] as never);
    stream.resume();
    await new Promise((resolve) => stream.on("close", resolve));
    expect(server.heard.at(-1)?.fields).toEqual(fields);
  }
  session.destroy();
});
