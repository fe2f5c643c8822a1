import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Answer, Question } from "./program-answers.ts";

/** The command that runs a program on these cores alone (util-linux). */
export function onCore(...cores: readonly number[]): string[] {
  return ["taskset", "-c", cores.join(",")];
}

/** A program of ours in a process of its own, that answers questions. See program-answers.ts for its side. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #questions = 0;
  #ended: string | undefined;

  /** `flags` are Node's. `by`: the command that runs it, `onCore(0)` for one. */
  constructor(url: URL, flags: readonly string[] = [], by: readonly string[] = []) {
    this.#name = url.pathname.split("/").slice(-2).join("/");
    const [execPath, ...before] = [...by, process.execPath];
    this.#child = fork(url, { execPath, execArgv: [...before, ...flags], serialization: "advanced" });
    this.#child.once("error", (error) => (this.#ended ??= `${this.#name}: ${error.message}`));
    this.#child.on("message", (answer: Answer) => {
      const asked = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.failure === undefined) asked?.resolve(answer.value);
      else asked?.reject(new Error(`${this.#name}: ${answer.failure}`));
    });
    this.#child.once("exit", (code, signal) => {
      this.#ended = `${this.#name} has ended with ${signal ?? `exit code ${code}`}`;
      for (const { reject } of this.#waiting.values()) reject(new Error(this.#ended));
      this.#waiting.clear();
    });
  }

  /** Gives the answer. Rejects if the program fails to give one, or ends. */
  ask<T>(question: string, argument?: unknown): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    const id = this.#questions++;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#child.send({ id, question, argument } satisfies Question);
    return answer.promise as Promise<T>;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
