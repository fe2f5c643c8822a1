// Clients of a server, some of which vanish. Run with --expose-gc.
import { createClient, createTransport, RpcError } from "@millrace/node";
import type { Observer, Protocol } from "@millrace/node";
import { inspect } from "node:util";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { answer } from "../../support/program-answers.ts";
import { calls } from "./calls.ts";
import { census } from "./census.ts";
import { Faults } from "./faults.ts";
import { Fuse } from "./fuse.ts";
import { Random } from "./random.ts";
import type { Ports } from "./server.ts";

/** How many there are at once, each with how many calls. Together: 200 calls. */
const clientsAtOnce = 40;
const callsAtOnce = 5;
/** One client in so many vanishes. */
const vanishing = 10;
/** How many calls a client makes that does not. */
const mostCalls = 60;
/** How many bytes may pass before a client vanishes. */
const mostBytes = 500_000;

export interface Load {
  readonly ports: Ports;
  readonly seed: number;
  readonly seconds: number;
}

/** What became of the calls. */
export interface Tally {
  clients: number;
  vanished: number;
  /** Calls that came out as they must. */
  right: number;
  /** Calls of clients that had vanished, which failed for it. */
  lost: number;
  /** What came out otherwise: the first of them. */
  readonly wrong: string[];
}

const lanes: readonly (readonly [Protocol, "1.1" | "2"])[] = [
  ["connect", "1.1"],
  ["connect", "2"],
  ["grpc", "2"],
  ["grpc-web", "1.1"],
  ["grpc-web", "2"],
];

const forever = new AbortController();
const faults = new Faults();
let running = 0;
const counts: Observer = () => {
  running++;
  return { end: () => void running-- };
};

async function load({ ports, seed, seconds }: Load): Promise<Tally> {
  const tally: Tally = { clients: 0, vanished: 0, right: 0, lost: 0, wrong: [] };
  const until = performance.now() + seconds * 1000;
  const slot = async (number: number): Promise<void> => {
    const random = new Random(seed * 1000 + number);
    while (performance.now() < until) await runClient(ports, random, tally);
  };
  await Promise.all(Array.from({ length: clientsAtOnce }, (_, number) => slot(number)));
  return tally;
}

/** One client, from its first connection to its last. */
async function runClient(ports: Ports, random: Random, tally: Tally): Promise<void> {
  const [protocol, httpVersion] = random.pick(lanes);
  const fuse = await Fuse.to(random.pick(ports[httpVersion]));
  const baseUrl = `http://127.0.0.1:${fuse.port}`;
  const transport = createTransport({ baseUrl, protocol, httpVersion, observers: [counts] });
  const client = createClient(GreetService, transport);
  const fitting = calls.filter(({ bidi }) => httpVersion === "2" || !bidi);
  const vanishes = random.once(vanishing);
  if (vanishes) fuse.arm(random.magnitude(mostBytes), random.pick(["end", "reset"]));
  let left = random.magnitude(mostCalls);
  const lane = async (): Promise<void> => {
    while (vanishes ? !fuse.blown : left-- > 0) {
      const call = random.pick(fitting);
      try {
        await call.run({ client, random, signal: forever.signal });
        tally.right++;
      } catch (error) {
        if (fuse.blown && error instanceof RpcError && error.code === "unavailable") tally.lost++;
        else note(tally, `${call.name}, ${protocol}, HTTP/${httpVersion}${vanishes ? ", cut" : ""}`, error);
      }
    }
  };
  await Promise.all(Array.from({ length: callsAtOnce }, lane));
  tally.clients++;
  if (vanishes) tally.vanished++;
  await transport.close();
  await fuse.close();
}

function note(tally: Tally, call: string, error: unknown): void {
  if (tally.wrong.length < 10) tally.wrong.push(`${call}: ${inspect(error)}`);
}

answer({
  load,
  faults: () => faults.list,
  census: () => census([forever.signal]),
  running: () => running,
});
