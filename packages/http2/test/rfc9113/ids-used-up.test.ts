import { expect, test, vi } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import { headers } from "../support/frames.ts";

// A client would be half a billion requests older.
vi.mock("../../src/last-id.ts", () => ({ lastId: 3 }));

test("section 5.1.1: a client whose ids are used up takes no new streams, and closes behind the last", () => {
  const script = ClientScript.open();
  const calls = [script.open(), script.open()];
  expect(script.isRetired).toBe(false);
  calls.push(script.open());
  expect([script.isRetired, script.client.room]).toEqual([true, 0]);
  const late = script.open();
  expect(late.events()).toEqual(["fault local shutdown - never", "closed false"]);
  expect(script.wire.frames().map(({ stream }) => stream)).toEqual([1, 3, 5]);
  for (const id of [1, 3, 5]) script.receive(headers(id, [":status", "200"], "END_STREAM"));
  for (const call of calls) expect(call.events()).toEqual(["sent", "head 200", "end", "closed true"]);
  expect(script.sent()).toEqual(["GOAWAY 0 NO_ERROR"]);
});
