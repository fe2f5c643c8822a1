import assert from "node:assert/strict";
import type { Lane } from "./lane.ts";
import { RunningServer } from "./program.ts";

/** What came of a case: undefined is success. */
export interface Outcome {
  readonly lane: Lane;
  readonly name: string;
  readonly failure: string | undefined;
}

/** Cases of a lane that run at once. */
const atOnce = 2;

/** Runs the cases of a lane against its server, and then ends it. One outcome for each case, in their order. */
export async function runLane(lane: Lane): Promise<Outcome[]> {
  try {
    return await runCases(lane, lane.server && (await RunningServer.start(lane.server)));
  } catch (error) {
    return lane.cases.map(({ name }) => ({ lane, name, failure: textOf(error) }));
  }
}

async function runCases(lane: Lane, server: RunningServer | undefined): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < lane.cases.length; i = next++) {
      const { name, run } = lane.cases[i]!;
      outcomes[i] = { lane, name, failure: await failureOf(run(server?.port ?? 0)) };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (server === undefined) return outcomes;
  const ended = server.stop();
  if (lane.direction === "from Millrace") await ended;
  else outcomes.push({ lane, name: "shutdown", failure: await failureOf(ended.then(checkShutdown)) });
  return outcomes;
}

/** Our server ends by itself when it is told to, with no call left over, and has had nothing to complain of. */
function checkShutdown({ exitCode, stderr }: Awaited<ReturnType<RunningServer["stop"]>>): void {
  assert.equal(stderr, "", `the server wrote to standard error:\n${stderr}`);
  assert.equal(exitCode, 0, `the server's exit code is ${exitCode}`);
}

async function failureOf(run: Promise<void>): Promise<string | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
