// However a server ends a client's connection: each call hears of it once, in the order of the contract, some of them a turn if
// there are many, and nothing of the connection waits for ever.
import { describe, expect, test } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import { data, goaway, headers } from "../support/frames.ts";
import { RecordedSink } from "../support/recorded-sink.ts";

const lastOfAll = 0x7fffffff;
const ends: readonly (readonly [string, (script: ClientScript) => void])[] = [
  ["its transport", ({ wire }) => wire.close(undefined)],
  ["a breach of the rules", ({ wire }) => wire.deliver(data(0, "x"))],
  ["GOAWAY with an error", ({ wire }) => wire.deliver(goaway(lastOfAll, "INTERNAL_ERROR"))],
  ["GOAWAY that takes no call", ({ wire }) => wire.deliver(goaway(0, "NO_ERROR"))],
  ["this side", ({ client }) => client.abort()],
];

describe.each(ends)("a connection with many calls, ended by %s", (_how, end) => {
  /** Each call has work with its end. */
  class Busy extends RecordedSink {
    readonly #script: ClientScript;
    constructor(script: ClientScript) {
      super();
      this.#script = script;
    }
    override fault(): void {
      this.#script.runtime.work(0.1);
    }
  }

  const open = (script: ClientScript): RecordedSink[] =>
    Array.from({ length: 100 }, () => script.open({}, null, new Busy(script)));

  test("tells some of them, then others", () => {
    const script = ClientScript.open();
    const calls = open(script);
    const told = (): number => calls.filter(({ isClosed }) => isClosed).length;
    end(script);
    const steps: number[] = [told()];
    for (let before = told(); script.runtime.step(); before = told()) steps.push(told() - before);
    expect(Math.max(...steps)).toBe(16);
    expect(script.runtime.now()).toBeCloseTo(100 * 0.1);
    expect(told()).toBe(100);
  });

  test("has closed behind them all", async () => {
    const script = ClientScript.open();
    const calls = open(script);
    let isThrough = false;
    const closing = script.client.close(1000).then(() => (isThrough = true));
    end(script);
    const told = (): boolean => calls.every(({ isClosed }) => isClosed);
    while (!told()) {
      expect(script.runtime.step()).toBe(true);
      for (let n = 0; n < 4; n++) await Promise.resolve();
      expect(isThrough && !told()).toBe(false);
    }
    script.runtime.settle();
    await closing;
  });
});

test.each(ends)(
  "a call that is opened in the turn in which the connection ends by %s was sent first",
  (_how, end) => {
    const script = ClientScript.open();
    const call = new RecordedSink();
    script.start(call);
    end(script);
    script.runtime.settle();
    const events = call.events();
    expect(events.map((event) => event.split(" ")[0])).toEqual(["sent", "fault", "closed"]);
  },
);

test.each(ends)(
  "close() waits for no reader that is paused when the connection ends by %s",
  async (_how, end) => {
    const script = ClientScript.open();
    const call = script.open();
    script.receive(headers(1, [":status", "200"]));
    call.exchange.pause();
    script.receive(data(1, "held"));
    end(script);
    script.runtime.settle();
    const closing = script.client.close(0);
    script.runtime.advance(0);
    await closing;
    expect(call.isClosed).toBe(true);
  },
);

test("a call that follows one that a GOAWAY refused, at once, is refused too: its server would not hear it", () => {
  const script = ClientScript.open();
  const again = new RecordedSink();
  const call = new (class extends RecordedSink {
    override fault(): void {
      script.start(again);
    }
  })();
  script.open({}, null, call);
  script.sent();
  script.receive(goaway(0, "NO_ERROR"));
  expect(again.events()).toEqual(["fault peer goaway NO_ERROR never", "closed false"]);
  expect(script.sent()).toEqual(["GOAWAY 0 NO_ERROR"]);
});
