// The server that is attacked: small calls, and answers that are large.
import { serve } from "@millrace/node";
import { peakMemory } from "../../../examples/main-job/src/peak-memory.ts";
import { greeter } from "../../support/greeter.ts";
import { answer } from "../../support/program-answers.ts";
import { idleMemory } from "../memory/peak.ts";

const large = "x".repeat(1024 * 1024);
const app = greeter({
  async *watch() {
    for (;;) yield { greeting: large };
  },
});
const server = await serve({ ...app, host: "127.0.0.1", port: 0 });

answer({
  port: () => Number(new URL(server.url).port),
  idle: idleMemory,
  peak: peakMemory,
});
