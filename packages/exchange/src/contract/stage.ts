import type { Connector, Hints } from "../connector.ts";
import type { ServerExchange } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import type { Sink } from "../sink.ts";
import { ClientRecorder } from "./client-recorder.ts";
import type { ContractSignal, Make, Pair } from "./contract-case.ts";
import type { Declaration } from "./declaration.ts";
import type { Hooks, Recorder } from "./recorder.ts";
import { ServerRecorder } from "./server-recorder.ts";
import { check } from "./violation.ts";
import { Watch } from "./watch.ts";

/** What a case says of one exchange that it opens. */
export interface Script {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly fields?: Fields;
  /** As in Connector.open(); null if absent. */
  readonly body?: Uint8Array | null | "streamed";
  readonly client?: Hooks<ClientRecorder>;
  /** Absent: accept() answers null. */
  readonly server?: Hooks<ServerRecorder>;
  /** Another connector than the pair's. */
  readonly connector?: Connector;
}

/** One exchange, from both sides. */
export interface Talk {
  readonly client: ClientRecorder;
  /** Resolves when the server has accepted. */
  server(): Promise<ServerRecorder>;
  /** The server's side if it has accepted. */
  served(): ServerRecorder | undefined;
}

const hints: Hints = { deadline: Infinity, attempt: 0 };

/** Where one case plays: a pair, all exchanges opened in it, and what went wrong. */
export class Stage {
  readonly declared: Declaration;
  readonly #recorders: Recorder[] = [];
  readonly #scripts = new Map<string, (exchange: ServerExchange) => Sink | null>();
  readonly #watch = new Watch(() => this.#open());
  #pair: Pair | undefined;
  #talks = 0;

  private constructor(declared: Declaration) {
    this.declared = declared;
  }

  /** Plays a script on a fresh pair, and ends by closing all and looking once more. */
  static async play(
    make: Make,
    declared: Declaration,
    signal: ContractSignal | undefined,
    script: (stage: Stage) => Promise<void>,
  ): Promise<void> {
    const stage = new Stage(declared);
    if (signal?.aborted === true) stage.#watch.expire();
    signal?.addEventListener("abort", () => stage.#watch.expire());
    stage.#pair = await make((exchange) => stage.#accept(exchange));
    try {
      await script(stage);
      await stage.allClosed();
    } catch (error) {
      // What is left of the pair is its maker's; the case's own failure is the news.
      stage.pair.close().catch(() => {});
      throw stage.#watch.violation ?? error;
    }
    await stage.#within(stage.pair.close(), "the pair to close");
    if (stage.#watch.violation !== undefined) throw stage.#watch.violation;
  }

  get pair(): Pair {
    check(this.#pair !== undefined, "the server accepted before make() had resolved");
    return this.#pair;
  }

  /** Opens an exchange and prepares its other side. */
  talk(script: Script): Talk {
    const number = ++this.#talks;
    const path = script.path ?? `/contract/${number}`;
    let server: ServerRecorder | undefined;
    const hooks = script.server;
    if (hooks !== undefined)
      this.#scripts.set(path, (exchange) => {
        if (server !== undefined) this.#watch.violate(`server ${number}: accepted twice`);
        server = new ServerRecorder(this.#watch, `server ${number}`, hooks, exchange);
        this.#recorders.push(server);
        server.accepted();
        return server.sink;
      });
    const body = script.body === "streamed" ? undefined : (script.body ?? null);
    const client = new ClientRecorder(
      this.#watch,
      `client ${number}`,
      script.client ?? {},
      body !== undefined,
    );
    this.#recorders.push(client);
    const head = {
      method: script.method ?? "POST",
      scheme: this.pair.scheme ?? "http",
      authority: this.pair.authority ?? "millrace.test",
      path,
      query: script.query ?? "",
      fields: script.fields ?? [],
      memo: undefined,
    };
    const connector = script.connector ?? this.pair.connector;
    client.opened(this.#watch.call("open()", () => connector.open(head, body, hints, client.sink)));
    return {
      client,
      served: () => server,
      server: async () => {
        await this.#watch.until(() => server !== undefined, `server ${number}: accept`);
        check(server !== undefined, "unreachable");
        return server;
      },
    };
  }

  /**
   * Lets pass what is under way: some whole exchanges, one after the other. What was going to happen has then had its
   * chance, so that a case can say that it did not.
   */
  async barrier(rounds = 3): Promise<void> {
    for (let i = 0; i < rounds; i++) {
      const { client } = this.talk({ server: { accept: (server) => server.reply(200) } });
      await client.seen("closed");
      check(client.status === 200, `an exchange beside the case's own failed: ${describe(client)}`);
    }
  }

  /** Resolves when both sides of every exchange are closed. */
  async allClosed(): Promise<void> {
    await this.#watch.until(
      () => this.#recorders.every((recorder) => recorder.has("closed")),
      "closed() everywhere",
    );
  }

  #accept(exchange: ServerExchange): Sink | null {
    return this.#scripts.get(exchange.head.path)?.(exchange) ?? null;
  }

  async #within(promise: Promise<void>, text: string): Promise<void> {
    let done = false;
    const ended = promise.then(() => {
      done = true;
      this.#watch.look();
    });
    await Promise.race([ended, this.#watch.until(() => done, text)]);
  }

  /** What has happened in the exchanges that are not closed. */
  #open(): string {
    const open = this.#recorders.filter((recorder) => !recorder.has("closed"));
    return open.map(describe).join("; ") || "all are closed";
  }
}

/** What has happened on one side, in a line. */
function describe(recorder: Recorder): string {
  const runs: string[] = [];
  let last = "";
  let count = 0;
  for (const name of [...recorder.log, ""]) {
    if (name === last) {
      count++;
      continue;
    }
    if (last !== "") runs.push(count > 1 ? `${last}×${count}` : last);
    last = name;
    count = 1;
  }
  const fault = recorder.died;
  const died = fault === undefined ? "" : ` (${fault.by} ${fault.kind} ${fault.h2} ${fault.text})`;
  return `${recorder.label}: ${runs.join(" ") || "nothing"}${died}, ${recorder.bytes} bytes`;
}
