import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Answered } from "./answered.ts";

const run = promisify(execFile);

/** What is asked of h2load: calls to one URL, so many at once. */
export interface Load {
  readonly url: string;
  readonly connections: number;
  /** At once, on each connection. */
  readonly streams: number;
  /** A file. */
  readonly body: string;
  readonly core: number;
}

/** Makes so many calls. Rejects if one is not answered, or not with 2xx. */
export async function h2load(
  { url, connections, streams, body, core }: Load,
  calls: number,
): Promise<Answered> {
  const fields = ["content-type: application/grpc", "te: trailers"].flatMap((field) => ["-H", field]);
  const counts = ["-n", calls, "-c", connections, "-m", streams].map(String);
  const { stdout } = await run("taskset", [
    "-c",
    String(core),
    "h2load",
    ...counts,
    ...fields,
    "-d",
    body,
    url,
  ]);
  const rate = Number(/^finished in .*?, ([\d.]+) req\/s/m.exec(stdout)?.[1]);
  const answered = Number(/^status codes: (\d+) 2xx/m.exec(stdout)?.[1]);
  if (answered === calls && rate > 0) return { calls, rate };
  throw new Error(`of ${calls} calls h2load saw ${answered} answered with 2xx:\n${stdout}`);
}
