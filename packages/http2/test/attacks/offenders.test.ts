// Whoever was cut for what it did waits before its next connection is read; everybody else does not.
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  DATA,
  frame,
  HEADERS,
  headers,
  preface,
  SETTINGS,
  settings,
} from "../../../../test/support/frames.ts";
import { Offenders, type Reputation } from "../../src/offenders.ts";
import { ManualRuntime } from "../support/manual-runtime.ts";
import { post } from "../support/server-script.ts";
import { Target } from "../support/target.ts";

describe("an address", () => {
  test("waits after an offence of its own, for a second", () => {
    const runtime = new ManualRuntime();
    const offenders = new Offenders(runtime);
    offenders.reputationOf("192.0.2.1")!.offended();
    expect(offenders.reputationOf("192.0.2.1")!.waitMs).toBe(100);
    expect(offenders.reputationOf("192.0.2.2")!.waitMs).toBe(0);
    runtime.advance(999);
    expect(offenders.reputationOf("192.0.2.1")!.waitMs).toBe(100);
    runtime.advance(1);
    expect(offenders.reputationOf("192.0.2.1")!.waitMs).toBe(0);
  });

  test("is one of 1,024 that are remembered, the last ones", () => {
    const offenders = new Offenders(new ManualRuntime());
    const name = (n: number): string => `192.0.2.${n}`;
    for (let n = 0; n < 1_024; n++) offenders.reputationOf(name(n))!.offended();
    offenders.reputationOf(name(0))!.offended();
    offenders.reputationOf(name(1_024))!.offended();
    expect([0, 1, 2, 1_024].map((n) => offenders.reputationOf(name(n))!.waitMs)).toEqual([100, 0, 100, 100]);
  });

  test.each([
    ["192.0.2.1", "192.0.2.1", "192.0.2.2"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::1", "2001:db8:1:3::1"],
    ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"],
    ["2001:db8:1:2::", "2001:db8:1:2:ffff::", "2001:db8:1::"],
    ["::1", "::2", "1::"],
  ])("%s shares its reputation with %s, and not with %s", (address, alike, other) => {
    const offenders = new Offenders(new ManualRuntime());
    offenders.reputationOf(address)!.offended();
    expect(offenders.reputationOf(alike)!.waitMs).toBe(100);
    expect(offenders.reputationOf(other)!.waitMs).toBe(0);
  });

  test("that is unknown is nobody's", () => {
    expect(new Offenders(new ManualRuntime()).reputationOf(undefined)).toBeUndefined();
  });
});

describe("a connection", () => {
  const never: Reputation = { waitMs: 0, offended: () => expect.fail("offended") };

  test("that breaks the rules is an offence, at once", () => {
    let offences = 0;
    const target = Target.open({}, undefined, undefined, { waitMs: 0, offended: () => offences++ });
    target.wire.deliver(frame(DATA, 0, 0, Buffer.alloc(8)));
    expect(offences).toBe(1);
    target.wire.close(undefined);
    target.runtime.settle();
    expect(offences).toBe(1);
  });

  test.each<[string, (target: Target) => void]>([
    ["is lost", (target) => target.wire.close(new Error("reset"))],
    ["is left", (target) => target.wire.endFromPeer()],
    ["is drained", (target) => target.connection.drain()],
    ["is cut", (target) => target.connection.abort()],
  ])("that %s is none", (_how, end) => {
    const target = Target.open({}, undefined, undefined, never).say(headers(1, false, ...post));
    end(target);
    target.runtime.settle();
  });

  test("that waits has SETTINGS, and nothing of what it says is read before its time", () => {
    const target = Target.open({}, undefined, undefined, { ...never, waitMs: 100 });
    target.say(headers(1, true, ...post));
    expect(target.wire.isPaused).toBe(true);
    target.runtime.advance(99);
    expect(target.of(SETTINGS).length).toBe(1);
    expect(target.seen.length).toBe(0);
    target.runtime.advance(1);
    expect(target.wire.isPaused).toBe(false);
    expect(target.of(HEADERS, 1).length).toBe(1);
    target.say(headers(3, true, ...post));
    expect(target.of(HEADERS, 3).length).toBe(1);
  });

  test.each([{ handshakeTimeoutMs: 1 }, { settingsTimeoutMs: 1 }])(
    "that waits is not cut for what was not read of it: %o",
    (limits) => {
      const target = Target.open(limits, undefined, undefined, { ...never, waitMs: 100 });
      target.say(headers(1, true, ...post));
      target.runtime.advance(1_000);
      expect([target.problems, target.of(HEADERS, 1).length]).toEqual([[], 1]);
    },
  );

  test("that waits leaves no timer behind when its transport ends", () => {
    const target = new Target({}, undefined, undefined, { ...never, waitMs: 100 });
    target.wire.close(undefined);
    target.runtime.settle();
    expect(target.runtime.timers).toBe(0);
  });

  test("that waits is paused again when its transport resumes by itself", () => {
    const target = Target.open({}, undefined, undefined, { ...never, waitMs: 100 });
    target.say(headers(1, true, ...post));
    target.wire.resume();
    target.runtime.settle();
    expect(target.wire.isPaused).toBe(true);
    expect(target.seen.length).toBe(0);
    target.runtime.advance(100);
    expect(target.of(HEADERS, 1).length).toBe(1);
  });

  test.each(["handshakeTimeoutMs", "settingsTimeoutMs"])(
    "that waits and says in time what it has to within %s is no offence",
    (limit) => {
      const target = Target.open({ [limit]: 100 }, undefined, undefined, { ...never, waitMs: 100 });
      target.runtime.advance(100);
      target.say(headers(1, true, ...post));
      expect(target.of(HEADERS, 1).length).toBe(1);
    },
  );

  test.each<[string, (target: Target) => void]>([
    ["its transport ends", (target) => target.wire.close(undefined)],
    ["it is cut", (target) => target.connection.abort()],
  ])("that waits when %s is read no sooner, and over all the same", (_how, end) => {
    const target = new Target({}, undefined, undefined, { ...never, waitMs: 100 });
    target.say(Buffer.concat([preface, settings(), headers(1, true, ...post)]));
    // What comes all the same: Node resumes a socket that was read by another way before.
    target.wire.resume();
    target.runtime.settle();
    end(target);
    target.wire.endFromPeer();
    target.runtime.settle();
    expect(target.seen.length).toBe(0);
    target.runtime.advance(1_100);
    expect([target.problems, target.runtime.timers]).toEqual([[undefined], 0]);
    expect(target.goaway ?? ErrorCode.NO_ERROR).toBe(ErrorCode.NO_ERROR);
  });
});
