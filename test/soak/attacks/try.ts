import { setup as generate } from "../../../scripts/generate.ts";
generate();
const { attackChecks } = await import("./attacking.ts");
for (const c of attackChecks(Number(process.env["S"] ?? 30))) {
  if (process.argv[2] !== undefined && !c.over.includes(process.argv[2])) continue;
  try { console.log(c.over.padEnd(52), await c.run()); } catch (e) { console.log("FAIL", c.over.padEnd(52), (e as Error).message); }
}
