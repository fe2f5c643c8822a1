// profile the server under one attack
import { Program } from "../program.ts";
import { attacks } from "./attacks.ts";
const name = Object.keys(attacks).find((n) => n.includes(process.argv[2]!))!;
await using server = new Program(new URL("server.ts", import.meta.url), ["--import", "/tmp/h1inspect.mjs"], ["taskset","-c","0"]);
await using attacker = new Program(new URL("attacker.ts", import.meta.url), [], ["taskset","-c","0","chrt","-i","0"]);
const port = await server.ask<number>("port");
await attacker.ask("start", { name, port });
await new Promise((r) => setTimeout(r, 2500));
console.log(name, "conns", await attacker.ask("stop"));
console.log("\n" + await server.ask("prof"));
