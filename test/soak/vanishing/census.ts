import { EventEmitter, getEventListeners } from "node:events";
import { Server } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { ClientCall } from "../../../packages/core/src/call/client/client-call.ts";
import { MessageQueue } from "../../../packages/core/src/call/message-queue.ts";
import { CallScope } from "../../../packages/core/src/call/scope.ts";
import { ServerCall } from "../../../packages/core/src/call/server/server-call.ts";

/** What is alive in a process: by name, how many. */
export interface Census {
  readonly counts: Readonly<Record<string, number>>;
  /** Bytes in use, on the heap and beside it. */
  readonly heap: number;
}

/** Objects of each are counted, those of classes that extend it included. */
const classes: Readonly<Record<string, new (...args: never[]) => unknown>> = {
  ServerCall,
  ClientCall,
  CallScope,
  MessageQueue,
  // Sockets and HTTP/2 streams.
  Duplex,
  // Those, HTTP/2 sessions, requests and responses of HTTP/1.1.
  EventEmitter,
  AbortSignal,
  // Also those that do not keep the process alive.
  Timeout: clearedTimeout().constructor as new () => NodeJS.Timeout,
};

/** The servers of this process from now on, those inside ours too. */
let servers: WeakRef<Server>[] = [];
const made = EventEmitter as unknown as { init: (this: EventEmitter, options: unknown) => void };
const { init } = made;
made.init = function (options) {
  if (this instanceof Server) servers.push(new WeakRef(this));
  init.call(this, options);
};

/**
 * Counts what is alive once garbage is gone; of servers, of the process and of `signals`, which live as long as it, their
 * listeners. The process runs with --expose-gc.
 */
export async function census(signals: readonly AbortSignal[]): Promise<Census> {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("run with --expose-gc");
  for (let i = 0; i < 3; i++) {
    collect();
    await turn();
  }
  const counts: Record<string, number> = {};
  for (const resource of process.getActiveResourcesInfo())
    counts[`active ${resource}`] = (counts[`active ${resource}`] ?? 0) + 1;
  for (const [name, one] of Object.entries(classes)) counts[name] = queryObjects(one, { format: "count" });
  servers = servers.filter((server) => server.deref() !== undefined);
  const emitters = [process, ...servers.map((server) => server.deref()!)];
  counts["listeners"] =
    emitters.reduce((sum, emitter) => sum + listenersOf(emitter), 0) +
    signals.reduce((sum, signal) => sum + getEventListeners(signal, "abort").length, 0);
  const { heapUsed, external } = process.memoryUsage();
  return { counts, heap: heapUsed + external };
}

function listenersOf(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}

function clearedTimeout(): NodeJS.Timeout {
  const timeout = setTimeout(() => {}, 0);
  clearTimeout(timeout);
  return timeout;
}
