import { ContractViolation } from "./violation.ts";

interface Wait {
  readonly met: () => boolean;
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** What goes on in one case: the call that runs, the first thing that went wrong, and who waits for what. */
export class Watch {
  readonly #outstanding: () => string;
  readonly #waits = new Set<Wait>();
  #violation: ContractViolation | undefined;
  #expired = false;
  /** The call to an exchange that is running. */
  #call: string | null = null;

  /** `outstanding` says what is still open, for whoever has waited in vain. */
  constructor(outstanding: () => string) {
    this.#outstanding = outstanding;
  }

  /** The first thing that went wrong. */
  get violation(): ContractViolation | undefined {
    return this.#violation;
  }

  /** Resolves when `met`; rejects at a violation, or when the case's time is over. */
  async until(met: () => boolean, text: string): Promise<void> {
    if (this.#violation === undefined && met()) return;
    await new Promise<void>((resolve, reject) => {
      this.#waits.add({ met, text, resolve, reject });
      this.look();
    });
  }

  /** Notes what went wrong, and ends the waiting. */
  violate(text: string): void {
    this.#violation ??= new ContractViolation(text);
    this.look();
  }

  /** The case's time is over: who waits waits in vain. */
  expire(): void {
    this.#expired = true;
    this.look();
  }

  /** Runs a call to an exchange: it must not throw, and no event may come before it returns. */
  call<T>(name: string, run: () => T): T {
    const outer = this.#call;
    this.#call = name;
    try {
      return run();
    } catch (error) {
      const thrown = new ContractViolation(`${name} threw ${String(error)}`);
      this.#violation ??= thrown;
      throw thrown;
    } finally {
      this.#call = outer;
    }
  }

  /** What is wrong with an event that comes now: null, or the call that it came from inside of. */
  within(): string | null {
    return this.#call === null ? null : `from inside ${this.#call}`;
  }

  /** Runs what an event does. Nothing is thrown at the I/O side. */
  event(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.violate(error instanceof Error ? error.message : String(error));
    }
    this.look();
  }

  /** Answers those who wait: something has happened. */
  look(): void {
    for (const wait of this.#waits) {
      if (this.#violation !== undefined) wait.reject(this.#violation);
      else if (wait.met()) wait.resolve();
      else if (this.#expired)
        wait.reject(new ContractViolation(`waited in vain for ${wait.text}; ${this.#outstanding()}`));
      else continue;
      this.#waits.delete(wait);
    }
  }
}
