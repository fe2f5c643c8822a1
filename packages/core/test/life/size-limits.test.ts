import { describe, expect, test } from "vitest";
import { protocols, stage } from "../support/stage.ts";

const long = "x".repeat(100);
const greeting = { greeting: long };

describe.each(protocols)("a message above a limit over %s", (protocol) => {
  test.each([
    [
      "this client's, receiving",
      { transport: { maxReceiveBytes: 10 } },
      "exceeds the limit of 10 bytes (this client's maxReceiveBytes): raise it in createTransport() or in the call's options",
    ],
    [
      "this client's, sending",
      { transport: { maxSendBytes: 10 } },
      "exceeds the limit of 10 bytes (this client's maxSendBytes): send less, or raise it in createTransport()",
    ],
    [
      "the server's, receiving",
      { app: { maxReceiveBytes: 10 } },
      "exceeds the limit of 10 bytes (the server's maxReceiveBytes): send less, or raise it in the server's App",
    ],
    [
      "the server's, sending",
      { app: { maxSendBytes: 10 } },
      "exceeds the limit of 10 bytes (the server's maxSendBytes): answer with less, or raise it in the server's App",
    ],
  ])("says whose limit, its value, the size and the fix: %s", async (_, options, text) => {
    const { client } = stage({ greet: () => greeting }, { protocol, ...options });
    await expect(client.greet({ name: long })).rejects.toMatchObject({
      code: "resource_exhausted",
      message: expect.stringMatching(/^message of (at least )?10[1-9] bytes /) as string,
    });
    await expect(client.greet({ name: long })).rejects.toThrow(text);
  });
});
