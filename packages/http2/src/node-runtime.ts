import { longestMs, type Runtime } from "./runtime.ts";

let due: (() => void)[] = [];
let dueLater: (() => void)[] = [];
let isScheduled = false;

function runDue(): void {
  isScheduled = false;
  const batch = dueLater.length === 0 ? due : [...due, ...dueLater];
  due = [];
  dueLater = [];
  let ran = 0;
  try {
    while (ran < batch.length) batch[ran++]!();
  } finally {
    // One has thrown: the turns of the others are not lost with it.
    if (ran < batch.length) {
      due = [...batch.slice(ran), ...due];
      schedule();
    }
  }
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(runDue);
}

/** Node's clock and event loop; Deno and Bun have them too. */
export const nodeRuntime: Runtime = {
  now: () => performance.now(),
  timer: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, longestMs)).unref();
    return () => clearTimeout(timer);
  },
  soon: (run) => {
    due.push(run);
    schedule();
  },
  later: (run) => {
    dueLater.push(run);
    schedule();
  },
};
