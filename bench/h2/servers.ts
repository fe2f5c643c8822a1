import { Contenders } from "../contenders.ts";

/** The floor that the engine is held against: Node's own HTTP/2, with nothing between. */
export const bare = "node:http2";

const programs = {
  millrace: new URL("engine-server.ts", import.meta.url),
  [bare]: new URL("node-server.ts", import.meta.url),
};

/** A server of each contender, and where it listens. */
export interface Servers {
  readonly contenders: Contenders;
  readonly ports: Readonly<Record<string, number>>;
}

export async function startServers(
  names: readonly string[],
  isTls: boolean,
  flags?: readonly string[],
): Promise<Servers> {
  const contenders = new Contenders(programs, names, flags);
  const ports: Record<string, number> = {};
  for (const name of names) ports[name] = await contenders.ask<number>(name, "listen", isTls);
  return { contenders, ports };
}
