import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/** A program to start. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it reads. Default: nothing. */
  readonly input?: string | undefined;
}

/** What a program that has ended left behind. */
export interface Ended {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds after which a program that hangs is killed. Cases take a fraction of a second. */
const patience = 30_000;

/** Runs a program to its end. Throws if it cannot be started, or hangs. */
export async function runToEnd(command: Command): Promise<Ended> {
  return await new Program(command).end(patience);
}

/** A server that runs, and has said where it listens. */
export class RunningServer {
  readonly port: number;
  readonly #program: Program;

  private constructor(program: Program, port: number) {
    this.#program = program;
    this.port = port;
  }

  /** Starts a program that says "listening on HOST:PORT" on either of its outputs, as grpc-go's log does. */
  static async start(command: Command): Promise<RunningServer> {
    const program = new Program(command);
    const [, port] = await program.says(/listening on .*:(\d+)\n/, patience);
    return new RunningServer(program, Number(port));
  }

  /** Asks it to end, by SIGTERM. Throws if it does not. */
  async stop(): Promise<Ended> {
    this.#program.child.kill("SIGTERM");
    // Less than the ten seconds that our servers give to calls that still run: after these cases there are none.
    return await this.#program.end(5000);
  }
}

const living = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});
// Without these a signal ends this process, and no 'exit' tells.
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));

class Program {
  readonly child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";
  #heard: () => void = () => {};

  constructor({ program, args, env, input }: Command) {
    this.#name = [program.slice(program.lastIndexOf("/") + 1), ...args].join(" ");
    // Proxies are for other machines: some gRPC libraries ask them for 127.0.0.1, too.
    const direct = { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" };
    const child = spawn(program, args, { env: { ...process.env, ...direct, ...env } });
    this.child = child;
    living.add(child);
    child.stdin.on("error", () => {}).end(input);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#heard();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#heard();
    });
    this.#ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode) => {
        living.delete(child);
        resolve({ exitCode, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Its end. Past the time it is killed, and that is a failure. */
  async end(ms: number): Promise<Ended> {
    return await this.#within(ms, this.#ended, "end");
  }

  /** What of its output matches. Throws if it ends first, or says nothing like it in time. */
  async says(pattern: RegExp, ms: number): Promise<RegExpExecArray> {
    const { promise: said, resolve } = Promise.withResolvers<RegExpExecArray>();
    this.#heard = () => {
      const match = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
      if (match !== null) resolve(match);
    };
    const ended = this.#ended.then(() => {
      throw new Error(`${this.#name} ended before it served${this.#written()}`);
    });
    return await this.#within(ms, Promise.race([said, ended]), "serve");
  }

  async #within<T>(ms: number, outcome: Promise<T>, what: string): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.child.kill("SIGKILL");
      late.reject(new Error(`${this.#name} did not ${what} within ${ms} ms${this.#written()}`));
    }, ms);
    return await Promise.race([outcome, late.promise]).finally(() => clearTimeout(timer));
  }

  #written(): string {
    return `; it wrote:\n${this.#stdout}${this.#stderr}`.trimEnd();
  }
}
