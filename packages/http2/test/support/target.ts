import type { Accept, Fault, ServerExchange } from "@millrace/exchange";
import {
  ACK,
  type Frame,
  frame,
  FrameReader,
  GOAWAY,
  preface,
  RST_STREAM,
  SETTINGS,
  settings,
} from "../../../../test/support/frames.ts";
import { type LimitOptions, limitsFrom } from "../../src/limits.ts";
import { ServerConnection } from "../../src/server-connection.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { AttackedEngine } from "./attacked-engine.ts";
import type { Reputation } from "../../src/offenders.ts";
import { peer } from "./engine-script.ts";

/** What a server's application saw of one request. */
export interface Seen {
  readonly exchange: ServerExchange;
  bytes: number;
  ended: boolean;
  fault: Fault | undefined;
  closed: boolean;
}

/** One connection of a server in memory: a test is the client, and says frames. */
export class Target extends AttackedEngine {
  readonly connection: ServerConnection;
  readonly seen: Seen[] = [];
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];

  /** `act` is called when a request has come, and again when it has ended; `failed` when it has failed. */
  constructor(
    given: LimitOptions = {},
    act: (seen: Seen) => void = answerAtEnd,
    failed: (seen: Seen) => void = () => {},
    reputation?: Reputation,
  ) {
    super();
    const { wire, runtime } = this;
    const accept: Accept = (exchange) => {
      const seen: Seen = { exchange, bytes: 0, ended: false, fault: undefined, closed: false };
      this.seen.push(seen);
      act(seen);
      return {
        data: (_chunk, start, end) => (seen.bytes += end - start),
        end: () => {
          seen.ended = true;
          act(seen);
        },
        fault: (fault) => {
          seen.fault = fault;
          failed(seen);
        },
        writable: () => {},
        closed: () => (seen.closed = true),
      };
    };
    this.connection = new ServerConnection(wire, runtime, limitsFrom(given), new WindowBudget(2 ** 26), {
      peer,
      accept,
      reputation,
      closed: (problem) => this.problems.push(problem),
    });
    runtime.settle();
  }

  /** One whose client has said what a client says first. */
  static open(...given: ConstructorParameters<typeof Target>): Target {
    const target = new Target(...given);
    return target.say(preface, settings(), frame(SETTINGS, ACK, 0));
  }

  /** All frames that the server has sent. */
  get frames(): readonly Frame[] {
    this.#frames.push(...this.#reader.read(Buffer.from(this.wire.take())));
    return this.#frames;
  }

  of(type: number, stream?: number): readonly Frame[] {
    return this.frames.filter((sent) => sent.type === type && (stream ?? sent.stream) === sent.stream);
  }

  /** The code of a stream's RST_STREAM, if there was one. */
  resetOf(stream: number): number | undefined {
    return this.of(RST_STREAM, stream)[0]?.payload.readUInt32BE(0);
  }

  /** The code of the GOAWAY that ended the connection, if one did. */
  get goaway(): number | undefined {
    return this.of(GOAWAY)[0]?.payload.readUInt32BE(4);
  }
}

function answerAtEnd({ exchange, ended }: Seen): void {
  if (ended) exchange.reply(200, [], ok, null);
}

const ok = new TextEncoder().encode("ok");
