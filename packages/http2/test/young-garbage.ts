// What ended calls still hold behind collections of young objects alone, in bytes. A program of its own, run with --expose-gc.
import { headers } from "../../../test/support/frames.ts";
import { post } from "./support/server-script.ts";
import { Target } from "./support/target.ts";

const { gc } = globalThis as { gc?: (options: { type: "minor" | "major" }) => void };
if (gc === undefined) throw new Error("run it with --expose-gc");

const target = Target.open();
let next = 1;

/** So many calls, some of them at once. */
function call(count: number): void {
  for (let n = 0; n < count; n += 32) {
    const requests = Array.from({ length: 32 }, () => headers((next += 2) - 2, true, ...post));
    target.say(Buffer.concat(requests));
    target.wire.take();
    target.seen.length = 0;
    if (n % 1024 === 0) gc!({ type: "minor" });
  }
  gc!({ type: "minor" });
  gc!({ type: "minor" });
}

call(20_000);
gc({ type: "major" });
const before = process.memoryUsage().heapUsed;
call(20_000);
console.log(process.memoryUsage().heapUsed - before);
