import { ErrorCode } from "../../error-code.ts";
import type { ClientRecorder } from "../client-recorder.ts";
import { pattern } from "../bytes.ts";
import type { Needs } from "../declaration.ts";
import type { EventName, Hooks, Recorder } from "../recorder.ts";
import { type Rule, rule } from "../rule.ts";
import type { ServerRecorder } from "../server-recorder.ts";
import type { Stage } from "../stage.ts";
import { check } from "../violation.ts";

interface Action<R> {
  readonly name: string;
  /** The conversation goes on to its end all the same. */
  readonly harmless: boolean;
  readonly run: (self: R) => void;
}

const common: readonly Action<Recorder>[] = [
  { name: "pause()", harmless: true, run: (self) => self.pause() },
  { name: "resume()", harmless: true, run: (self) => self.resume() },
  { name: "write()", harmless: false, run: (self) => void self.write(pattern(100, 9)) },
  { name: "flush()", harmless: true, run: (self) => self.flush() },
  {
    name: "reserve() and a cancelled commit()",
    harmless: true,
    run: (self) => {
      const span = self.reserve();
      if (span !== null) self.commit(span.pos, 0);
    },
  },
  { name: "end()", harmless: false, run: (self) => self.end(null) },
  { name: "reset()", harmless: false, run: (self) => self.reset(ErrorCode.CANCEL) },
  {
    name: "reset(), then everything else",
    harmless: false,
    run: (self) => {
      self.reset(ErrorCode.INTERNAL_ERROR);
      self.write(pattern(100, 9));
      self.pause();
      self.end(null);
      self.resume();
    },
  },
];

const serverOnly: readonly Action<ServerRecorder>[] = [
  { name: "respond()", harmless: false, run: (self) => self.respond(200) },
  {
    name: "reply()",
    harmless: false,
    run: (self) => self.reply(200, ["x-kit-a", "1"], pattern(10, 1), null),
  },
  {
    name: "reply() and reset()",
    harmless: false,
    run: (self) => {
      self.reply(200, ["x-kit-a", "1"], pattern(10, 1), null);
      self.reset(ErrorCode.CANCEL);
    },
  },
];

/** What must have been said before write(), flush() or end() mean anything on a server. */
function withHead(action: Action<Recorder>): Action<ServerRecorder> {
  const bare = ["pause()", "resume()", "reset()"].includes(action.name);
  if (bare) return action;
  return {
    ...action,
    run: (self) => {
      self.respond(200);
      action.run(self);
    },
  };
}

const clientEvents = ["sent", "inform", "head", "data", "end", "writable", "fault", "closed"] as const;
const serverEvents = ["accept", "data", "end", "writable", "fault", "closed"] as const;

/** What a conversation needs to be one in which `event` comes. */
function needsOf(event: EventName, side: "client" | "server"): Needs {
  if (event === "inform") return { features: ["inform"] };
  return event === "writable" && side === "client" ? { request: "half" } : {};
}

/** Hooks that also act inside one event, the first time that it comes. */
function acting<R extends Recorder>(base: Hooks<R>, event: EventName, act: (self: R) => void): Hooks<R> {
  let acted = false;
  const usual = base[event];
  return {
    ...base,
    [event]: (self: R) => {
      const first = !acted;
      acted = true;
      if (first) act(self);
      usual?.(self);
    },
  };
}

/** Writes until told to wait. */
function choke(self: Recorder): void {
  const chunk = pattern(64 * 1024, 1);
  for (let i = 0; i < 512; i++) if (!self.write(chunk)) return;
  check(false, "write() answered true for 32 MiB against a paused reader");
}

/** What the two sides do where nothing is said: a small exchange in which all but some events come. */
function plainHooks(
  event: EventName,
  side: "client" | "server",
): [Hooks<ClientRecorder>, Hooks<ServerRecorder>] {
  const finish = (server: ServerRecorder): void => {
    server.respond(200);
    server.write(pattern(1000, 2));
    server.end(null);
  };
  const client: Hooks<ClientRecorder> = {};
  const server: Hooks<ServerRecorder> = { end: finish };
  if (event === "inform") return [client, { accept: (self) => self.inform(103, []), end: finish }];
  if (event === "fault" && side === "client")
    return [client, { end: (self) => self.reset(ErrorCode.INTERNAL_ERROR) }];
  if (event === "fault") return [client, { accept() {} }];
  if (event !== "writable") return [client, server];
  if (side === "client")
    return [{ writable: (self) => self.end(null) }, { ...server, accept: (self) => self.pause() }];
  return [
    { head: (self) => self.pause() },
    {
      accept: (self) => {
        self.respond(200);
        choke(self);
      },
      writable: (self) => self.end(null),
    },
  ];
}

/** Plays a conversation in which `act` runs inside `event`, and sees it to its end. */
async function converse(
  stage: Stage,
  side: "client" | "server",
  event: EventName,
  action: Action<Recorder> | Action<ServerRecorder>,
): Promise<void> {
  const [client, server] = plainHooks(event, side);
  const choking = event === "writable" && side === "client";
  const talk = stage.talk({
    body: choking ? "streamed" : pattern(1000, 1),
    client: side === "client" ? acting(client, event, action.run as (self: ClientRecorder) => void) : client,
    server: side === "server" ? acting(server, event, action.run) : server,
  });
  if (choking) {
    choke(talk.client);
    // A carriage that buffers may have told of room, and been reset for it, before the server has heard of the request.
    await Promise.race([talk.server(), talk.client.seen("closed")]);
    talk.served()?.resume();
  } else if (event === "writable") {
    await talk.client.seen("head");
    talk.client.resume();
  } else if (event === "fault" && side === "server") {
    await talk.server();
    talk.client.reset(ErrorCode.CANCEL);
  }
  const self = side === "client" ? talk.client : await talk.server();
  await self.seen(event);
  await stage.barrier(1);
  if (self.paused) self.resume();
  if (!action.harmless) {
    talk.client.reset(ErrorCode.CANCEL);
    talk.served()?.reset(ErrorCode.CANCEL);
  }
  await talk.client.seen("closed");
  await talk.served()?.seen("closed");
  if (action.harmless && event !== "fault") {
    check(talk.client.delivered === true, "the client's side ended well");
    check(talk.served()?.delivered === true, "the server's side ended well");
  }
}

/** Anything may be called from inside any event. That no event comes before the call returns is held against every case. */
export const reentrancyRules: readonly Rule[] = [
  ...clientEvents.flatMap((event) =>
    common.map((action) =>
      rule(`A client may call ${action.name} inside ${event}()`, needsOf(event, "client"), (stage) =>
        converse(stage, "client", event, action),
      ),
    ),
  ),
  ...serverEvents.flatMap((event) =>
    [...common.map(withHead), ...serverOnly].map((action) =>
      rule(`A server may call ${action.name} inside ${event}()`, needsOf(event, "server"), (stage) =>
        converse(stage, "server", event, action),
      ),
    ),
  ),
];
