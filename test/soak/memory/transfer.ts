import { setTimeout as pause } from "node:timers/promises";
import { carriages } from "../../../examples/main-job/src/carriages.ts";
import type { Carriage } from "../../../examples/main-job/src/carriages.ts";
import type { SampleFile } from "../../../examples/main-job/src/sample-file.ts";
import { Program } from "../../support/program.ts";
import type { Arrived } from "./client.ts";
import type { Gait, Standing } from "./pace.ts";

export type Direction = "upload" | "download";
export type Side = "client" | "server";

/** What a transfer needed, in MiB. */
export interface Needed {
  /** The most that the client's process had resident, over what it had when idle. */
  readonly client: number;
  readonly server: number;
  /** The most that the fast side was ahead of the slow one: what was under way, the kernel's buffers included. */
  readonly ahead: number;
  readonly seconds: number;
}

const mebibyte = 1024 * 1024;
/** How far ahead of a side that has stopped the other may come before it counts as unstoppable. */
const farAhead = 300 * mebibyte;
/** A side that has not moved for so many looks stands still. */
const looks = 6;
const lookMs = 50;

/** Every protocol over each HTTP version that carries it. */
export const streamCarriages: readonly Carriage[] = carriages.filter(
  ({ protocol, codec, httpVersion }) => codec === "proto" && (protocol !== "grpc" || httpVersion === "2"),
);

/** A server and a client of FileService, each a process of its own, over one carriage. */
export class Pair implements AsyncDisposable {
  readonly #server = new Program(new URL("server.ts", import.meta.url));
  readonly #client = new Program(new URL("client.ts", import.meta.url));
  readonly #sample: SampleFile;

  private constructor(sample: SampleFile) {
    this.#sample = sample;
  }

  static async start(carriage: Carriage, sample: SampleFile): Promise<Pair> {
    const pair = new Pair(sample);
    const baseUrl = await pair.#server.ask<string>("listen", sample.folder);
    await pair.#client.ask("connect", { baseUrl, carriage });
    return pair;
  }

  /** Moves the file. Throws if it does not come as it was. */
  async transfer(direction: Direction, slow: Side): Promise<Needed> {
    const sides = { client: this.#client, server: this.#server };
    const idle = await both(sides, (side) => side.ask<number>("idle"));
    const { size, sha256, place } = this.#sample;
    const gait = (side: Side): Gait => ({ slow: side === slow, stops: [size / 8, size / 3] });
    await this.#client.ask("pace", gait("client"));
    await this.#server.ask("pace", gait("server"));

    const started = performance.now();
    const arriving = this.#client.ask<Arrived>(direction, place);
    const fast = slow === "client" ? "server" : "client";
    const watching = watch(sides[fast], sides[slow], arriving);
    const [arrived, ahead] = await Promise.all([arriving, watching]);
    const seconds = (performance.now() - started) / 1000;

    const peak = await both(sides, (side) => side.ask<number>("peak"));
    if (arrived.size !== size || arrived.sha256 !== sha256)
      throw new Error(`${arrived.size} bytes came, SHA-256 ${arrived.sha256}, not ${size}, ${sha256}`);
    return {
      client: peak.client - idle.client,
      server: peak.server - idle.server,
      ahead: ahead / mebibyte,
      seconds,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

async function both<T>(
  sides: Record<Side, Program>,
  of: (side: Program) => Promise<T>,
): Promise<Record<Side, T>> {
  const [client, server] = await Promise.all([of(sides.client), of(sides.server)]);
  return { client, server };
}

/** Lets the slow side go on whenever the fast one has come as far as it can. Gives how far ahead that was, at most. */
async function watch(fast: Program, slow: Program, until: Promise<unknown>): Promise<number> {
  let ended = false;
  const end = (): void => void (ended = true);
  until.then(end, end);
  let most = 0;
  let last = 0;
  let still = 0;
  while (!ended) {
    await pause(lookMs);
    const [one, other] = await Promise.all([fast.ask<Standing>("standing"), slow.ask<Standing>("standing")]);
    const ahead = one.moved - other.moved;
    most = Math.max(most, ahead);
    still = other.stopped && one.moved === last ? still + 1 : 0;
    last = one.moved;
    if (still < looks && ahead < farAhead) continue;
    await slow.ask("go");
    still = 0;
  }
  return most;
}
