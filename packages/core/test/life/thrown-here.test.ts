// What a client's own code throws is told to who wrote it; passed on by a handler, it is kept from that one's client.
import { expect, test } from "vitest";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { stage } from "../support/stage.ts";

async function* failing(): AsyncGenerator<{ name: string }> {
  yield { name: "one" };
  throw new Error("the file is gone: /srv/secret");
}

const reading: Partial<GreetServiceHandlers> = {
  async collect(requests) {
    for await (const _ of requests);
    return {};
  },
  async *chat(requests) {
    for await (const _ of requests) yield {};
  },
};

test("what a sequence of requests throws is the text of its call's error", async () => {
  const on = stage(reading);
  const error = { code: "unknown", message: "the file is gone: /srv/secret" };
  await expect(on.client.collect(failing())).rejects.toMatchObject(error);
  const chat = on.client.chat(failing());
  await expect(chat.trailers).rejects.toMatchObject(error);
});

test("a handler that lets such an error through does not tell it to its own client", async () => {
  const backend = stage(reading);
  const front = stage({
    async greet() {
      await backend.client.collect(failing());
      return {};
    },
    watch: () => backend.client.chat(failing()),
    collect: () => backend.client.collect(failing()),
  });
  const fixed = { code: "unknown", message: "unexpected error" };
  await expect(front.client.greet({})).rejects.toMatchObject(fixed);
  await expect(front.client.watch({}).trailers).rejects.toMatchObject(fixed);
  await expect(front.client.collect([])).rejects.toMatchObject(fixed);
  expect(front.errors.map((error) => (error as Error).message)).toEqual(
    Array.from({ length: 3 }, () => "the file is gone: /srv/secret"),
  );
});
