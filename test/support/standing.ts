import type { App, HandlerCall } from "@millrace/node";
import { greeter } from "./greeter.ts";
import { Watchable } from "./watchable.ts";

/** Handlers that stand still in every phase, and tell what becomes of them. */
export class Standing {
  readonly events: string[] = [];
  readonly #watch = new Watchable();

  note(event: string): void {
    this.events.push(event);
    this.#watch.changed();
  }

  async saw(event: string): Promise<void> {
    await this.#watch.until(() => (this.events.includes(event) ? true : undefined));
  }

  async stand(call: HandlerCall): Promise<never> {
    this.note("running");
    const { signal } = call;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    this.note("aborted");
    throw signal.reason;
  }

  /** Greets Ada, and stands still for everybody else. */
  app(): App {
    const stand = (call: HandlerCall): Promise<never> => this.stand(call);
    const note = (event: string): void => this.note(event);
    return greeter({
      greet: (request, call) => (request.name === "Ada" ? { greeting: "Hello, Ada!" } : stand(call)),
      collect: async (requests, call) => {
        note("running");
        try {
          for await (const request of requests) note(request.name);
        } finally {
          note("left the requests");
        }
        return stand(call);
      },
      async *watch(_request, call) {
        note("running");
        try {
          yield { greeting: "one" };
          await stand(call);
        } finally {
          note("returned");
        }
      },
      async *chat(requests) {
        note("running");
        try {
          // As fast as it can, to somebody who does not read.
          for (;;) {
            yield { greeting: "x".repeat(60_000) };
            note("sent");
          }
        } finally {
          note("returned");
          void requests;
        }
      },
    });
  }
}
