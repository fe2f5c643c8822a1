import { describe, expect, test } from "vitest";
import { envelope, RawCall } from "../support/raw-call.ts";
import { quiet, stage } from "../support/stage.ts";

const minute = 60_000;
const types = {
  connect: "application/connect+proto",
  grpc: "application/grpc",
  "grpc-web": "application/grpc-web",
};

describe.each(["connect", "grpc", "grpc-web"] as const)(
  "a message that its client does not finish, %s",
  (protocol) => {
    const begun = envelope(new Uint8Array(1_000_000)).subarray(0, 100_000);
    const collect = () =>
      stage(
        {
          async collect(requests) {
            let count = 0n;
            for await (const _ of requests) count++;
            return { count };
          },
        },
        { protocol },
      );
    const open = (on: ReturnType<typeof collect>): RawCall =>
      new RawCall(
        on.connector,
        "/greet.v1.GreetService/Collect",
        ["content-type", types[protocol]],
        undefined,
      );

    test("ends its call after a minute of silence", async () => {
      const on = collect();
      const raw = open(on);
      raw.exchange.write(begun);
      await quiet();
      on.host.advance(minute - 1);
      await quiet();
      expect(on.serverEnds).toEqual([]);
      on.host.advance(1);
      await quiet();
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["deadline_exceeded"]);
      expect(on.host.timers).toBe(0);
    });

    test("may take its time, as long as something comes", async () => {
      const on = collect();
      const raw = open(on);
      raw.exchange.write(begun);
      for (let i = 0; i < 5; i++) {
        await quiet();
        on.host.advance(minute - 1);
        raw.exchange.write(new Uint8Array(1));
      }
      await quiet();
      expect(on.serverEnds).toEqual([]);
      raw.exchange.reset(8);
      await quiet();
      expect(on.host.timers).toBe(0);
    });

    test("is not waited for between messages", async () => {
      const on = collect();
      const raw = open(on);
      raw.exchange.write(envelope(new Uint8Array(0)));
      await quiet();
      on.host.advance(100 * minute);
      await quiet();
      expect(on.serverEnds).toEqual([]);
      raw.exchange.reset(8);
    });
  },
);
