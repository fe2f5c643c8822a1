// A main job with one check in place of all: `right` or `wrong`. Its exit code is what is tested.
import { expectEqual } from "../src/check.ts";
import { runMainJob } from "../src/main-job.ts";

const answer = process.argv[2] === "right" ? 4 : 5;
process.exitCode = await runMainJob(process.stdout, () => [
  {
    what: "sums",
    over: "paper",
    expected: "works",
    run: async () => {
      expectEqual("2 + 2", answer, 4);
      return "2 + 2 = 4";
    },
  },
]);
