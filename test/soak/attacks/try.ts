import { setup as generate } from "../../../scripts/generate.ts";
import { Program } from "../program.ts";
import { attacks } from "./attacks.ts";
import { setTimeout as pause } from "node:timers/promises";
generate();
const ms = Number(process.env["MS"] ?? 1000);
const rounds = Number(process.env["ROUNDS"] ?? 3);
for (const name of Object.keys(attacks)) {
  if (process.argv[2] !== undefined && !name.includes(process.argv[2])) continue;
  await using server = new Program(new URL("server.ts", import.meta.url), (process.env["FLAGS"] ?? "").split(" ").filter(Boolean), ["taskset","-c","0"]);
  await using attacker = new Program(new URL("attacker.ts", import.meta.url), [], ["taskset","-c","0","chrt","-i","0"]);
  await using caller = new Program(new URL("caller.ts", import.meta.url), [], ["taskset","-c","1"]);
  const port = await server.ask<number>("port");
  await caller.ask("connect", port);
  await caller.ask("warmUp"); await caller.ask("calls", 300);
  const idle = await server.ask<number>("idle");
  const ratios: string[] = [];
  for (let n = 0; n < rounds; n++) {
    const quiet = await caller.ask<number>("calls", ms);
    await attacker.ask("start", { name, port });
    const loud = await caller.ask<number>("calls", ms);
    const made = await attacker.ask<number>("stop");
    ratios.push(`${loud}/${quiet} ${(loud / quiet).toFixed(2)} (${made} conns)`);
    await pause(100);
  }
  await pause(Number(process.env["END"] ?? 0)); const peak = await server.ask<number>("peak");
  console.log(name.padEnd(52), ratios.join("  "), `+${(peak - idle).toFixed(0)} MiB`);
}
